// Draws each table that says how, above it. The table stays: it is what screen readers read.
"use strict";

const COLOURS = ["#0b4a94", "#1a6b34", "#d98200", "#a31515"];
const MOST = 10; // bars that can still be told apart
const LONGEST = 34; // characters of a label

function read(table) {
  const rows = [...table.tBodies[0].rows];
  const line = table.dataset.plot === "line";
  const shown = line ? rows : rows.slice(0, MOST);
  const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
  const labels = shown.map((row) => row.cells[Number(table.dataset.labels)].textContent);
  const datasets = table.dataset.drawn.split(" ").map(Number).map((column, place) => ({
    label: heads[column],
    data: shown.map((row) => Number(row.cells[column].dataset.value ?? NaN)),
    backgroundColor: COLOURS[place],
    borderColor: COLOURS[place],
    pointStyle: ["circle", "rect", "triangle"][place],
    pointRadius: 4,
  }));
  return { labels, datasets };
}

function short(label) {
  return label.length > LONGEST ? `${label.slice(0, LONGEST - 1)}…` : label;
}

function draw(table) {
  const place = table.closest("section").querySelector(".plot");
  const data = read(table);
  const line = table.dataset.plot === "line";
  const canvas = document.createElement("canvas");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Biểu đồ: ${table.caption.textContent}. Số liệu ở bảng bên dưới.`);
  place.append(canvas);
  place.hidden = false;
  const named = { ticks: { callback(value) { return short(this.getLabelForValue(value)); } } };
  const counted = { beginAtZero: true, ticks: { precision: 0 } };
  new Chart(canvas, {
    type: table.dataset.plot,
    data,
    options: {
      indexAxis: line ? "x" : "y",
      maintainAspectRatio: false,
      animation: false,
      locale: "vi-VN",
      scales: line ? { x: named, y: counted } : { x: counted, y: named },
      plugins: { legend: { display: data.datasets.length > 1, labels: { usePointStyle: line } } },
    },
  });
}

// The two dates matter only to a period of one's own.
function followPreset(preset) {
  for (const part of document.querySelectorAll("[data-custom]")) {
    part.hidden = preset.value !== "custom";
  }
}

document.querySelectorAll("table[data-plot]").forEach(draw);
const preset = document.getElementById("period");
followPreset(preset);
preset.addEventListener("change", () => followPreset(preset));
