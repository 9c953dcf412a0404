"""What the invented cases are made of: offices, procedures, papers and people.

The codes and names of procedures and communes are public facts; every person is invented, with
phone and identity numbers that no operator and no authority hands out.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

STATUSES = {
    1: "Mới đăng ký",
    2: "Được tiếp nhận",
    3: "Không được tiếp nhận",
    4: "Đang xử lý",
    5: "Yêu cầu bổ sung giấy tờ",
    6: "Yêu cầu thực hiện nghĩa vụ tài chính",
    7: "Công dân yêu cầu rút hồ sơ",
    8: "Dừng xử lý",
    9: "Đã xử lý xong",
    10: "Đã trả kết quả",
}

HOURS = "Thứ Hai đến thứ Sáu, 7 giờ 30 – 11 giờ 30 và 13 giờ 00 – 17 giờ 00 (trừ ngày lễ)"


@dataclass(frozen=True)
class Office:
    """One unit that takes cases in; its code begins every case code of its own."""

    code: str
    name: str
    level: str  # tinh | xa
    desk: str  # where results are handed over
    place: str


@dataclass(frozen=True)
class Procedure:
    """What a case can be about. `days` are working days; `fee` in đồng, 0 when free."""

    code: str
    name: str
    sector: str
    days: int
    fee: int
    papers: tuple[str, ...]
    offices: str  # "xa", or the code of the one office that does it
    section: str  # who works on it


DEPARTMENTS = {
    "H02.01": "Sở Nội vụ",
    "H02.02": "Sở Tư pháp",
    "H02.03": "Sở Tài chính",
    "H02.04": "Sở Công Thương",
    "H02.05": "Sở Nông nghiệp và Môi trường",
    "H02.06": "Sở Khoa học và Công nghệ",
    "H02.07": "Sở Giáo dục và Đào tạo",
    "H02.08": "Sở Xây dựng",
    "H02.09": "Sở Y tế",
    "H02.10": "Sở Văn hóa, Thể thao và Du lịch",
    "H02.11": "Sở Dân tộc và Tôn giáo",
    "H02.12": "Ban Quản lý các khu công nghiệp",
    "H02.13": "Công an thành phố Bắc Ninh",
    "H02.15": "Văn phòng Đăng ký đất đai Bắc Ninh",
}

_CIVIL = "Bộ phận Tư pháp – Hộ tịch"
_ID_CARD = ("Bản sao giấy khai sinh", "Giấy tờ chứng minh thông tin đã thay đổi")
_CHECKED = "Bản sao căn cước của người nộp"

PROCEDURES = (
    Procedure(
        "1.001193",
        "Đăng ký khai sinh",
        "Hộ tịch",
        1,
        0,
        ("Giấy chứng sinh bản chính", "Văn bản ủy quyền nộp hồ sơ"),
        "xa",
        _CIVIL,
    ),
    Procedure(
        "1.000656",
        "Đăng ký khai tử",
        "Hộ tịch",
        1,
        0,
        ("Giấy báo tử", _CHECKED),
        "xa",
        _CIVIL,
    ),
    Procedure(
        "1.000894",
        "Đăng ký kết hôn",
        "Hộ tịch",
        1,
        0,
        ("Giấy xác nhận tình trạng hôn nhân của một bên", _CHECKED),
        "xa",
        _CIVIL,
    ),
    Procedure(
        "1.004873",
        "Cấp Giấy xác nhận tình trạng hôn nhân",
        "Hộ tịch",
        3,
        15_000,
        ("Trích lục ghi chú ly hôn", _CHECKED),
        "xa",
        _CIVIL,
    ),
    Procedure(
        "2.000635",
        "Cấp bản sao Trích lục hộ tịch, bản sao Giấy khai sinh",
        "Hộ tịch",
        1,
        8_000,
        ("Giấy tờ chứng minh quan hệ với người được cấp",),
        "xa",
        _CIVIL,
    ),
    Procedure(
        "1.004222",
        "Đăng ký thường trú",
        "Cư trú",
        7,
        20_000,
        ("Giấy tờ chứng minh chỗ ở hợp pháp", "Ý kiến đồng ý của chủ hộ"),
        "xa",
        "Công an cấp xã",
    ),
    Procedure(
        "1.004194",
        "Đăng ký tạm trú",
        "Cư trú",
        3,
        15_000,
        ("Hợp đồng thuê nhà hoặc xác nhận chỗ ở", _CHECKED),
        "xa",
        "Công an cấp xã",
    ),
    Procedure(
        "1.014064",
        "Cấp lại thẻ căn cước",
        "Căn cước",
        7,
        70_000,
        _ID_CARD,
        "xa",
        "Công an cấp xã",
    ),
    Procedure(
        "1.014061",
        "Cấp thẻ căn cước cho người từ đủ 14 tuổi trở lên",
        "Căn cước",
        7,
        0,
        _ID_CARD,
        "xa",
        "Công an cấp xã",
    ),
    Procedure(
        "1.001612",
        "Đăng ký thành lập hộ kinh doanh",
        "Hộ kinh doanh",
        3,
        100_000,
        ("Bản sao biên bản họp thành viên hộ gia đình", "Hợp đồng thuê địa điểm kinh doanh"),
        "xa",
        "Phòng Kinh tế",
    ),
    Procedure(
        "2.000720",
        "Đăng ký thay đổi nội dung đăng ký hộ kinh doanh",
        "Hộ kinh doanh",
        3,
        50_000,
        ("Giấy chứng nhận đăng ký hộ kinh doanh bản gốc",),
        "xa",
        "Phòng Kinh tế",
    ),
    Procedure(
        "1.011607",
        "Công nhận hộ nghèo, hộ cận nghèo thường xuyên hằng năm",
        "Giảm nghèo",
        15,
        0,
        ("Giấy đề nghị có chữ ký của chủ hộ",),
        "xa",
        "Phòng Văn hóa – Xã hội",
    ),
    Procedure(
        "1.012783",
        "Cấp đổi Giấy chứng nhận quyền sử dụng đất",
        "Đất đai",
        7,
        100_000,
        ("Giấy chứng nhận đã cấp bản gốc", "Mảnh trích đo bản đồ địa chính thửa đất"),
        "H02.15",
        "Bộ phận Đăng ký và cấp giấy chứng nhận",
    ),
    Procedure(
        "1.012786",
        "Cấp lại Giấy chứng nhận quyền sử dụng đất do bị mất",
        "Đất đai",
        10,
        100_000,
        ("Xác nhận đã niêm yết thông báo mất giấy", _CHECKED),
        "H02.15",
        "Bộ phận Đăng ký và cấp giấy chứng nhận",
    ),
    Procedure(
        "1.013831",
        "Đăng ký biến động khi chuyển nhượng, tặng cho, thừa kế đất",
        "Đất đai",
        8,
        2_450_000,
        ("Hợp đồng chuyển nhượng đã công chứng", "Tờ khai lệ phí trước bạ"),
        "H02.15",
        "Bộ phận Đăng ký và cấp giấy chứng nhận",
    ),
    Procedure(
        "1.013225",
        "Cấp giấy phép xây dựng mới công trình cấp III, cấp IV",
        "Xây dựng",
        20,
        150_000,
        ("Bản vẽ mặt bằng móng có xác nhận", "Bản sao giấy tờ về quyền sử dụng đất"),
        "H02.08",
        "Phòng Quản lý xây dựng",
    ),
    Procedure(
        "3.000333",
        "Cấp Phiếu lý lịch tư pháp",
        "Lý lịch tư pháp",
        10,
        200_000,
        ("Văn bản ủy quyền nộp thay", _CHECKED),
        "H02.13",
        "Phòng Hồ sơ nghiệp vụ",
    ),
    Procedure(
        "1.001456",
        "Cấp hộ chiếu phổ thông ở trong nước",
        "Xuất nhập cảnh",
        8,
        200_000,
        ("Ảnh chân dung đúng quy cách", "Hộ chiếu cũ còn giá trị"),
        "H02.13",
        "Phòng Quản lý xuất nhập cảnh",
    ),
    Procedure(
        "3.000348",
        "Cấp lại giấy phép lái xe",
        "Giấy phép lái xe",
        5,
        135_000,
        ("Giấy khám sức khỏe của người lái xe", "Ảnh chân dung đúng quy cách"),
        "H02.13",
        "Phòng Cảnh sát giao thông",
    ),
    Procedure(
        "1.004363",
        "Cấp Giấy chứng nhận đủ điều kiện buôn bán thuốc bảo vệ thực vật",
        "Bảo vệ thực vật",
        14,
        500_000,
        ("Bản thuyết minh về điều kiện buôn bán", "Bản sao văn bằng chuyên môn"),
        "H02.05",
        "Chi cục Trồng trọt và Bảo vệ thực vật",
    ),
)

FEES_PAID = (
    "Nộp trực tuyến trên Cổng Dịch vụ công quốc gia hoặc tại quầy thu phí của nơi nhận hồ sơ",
    "Chuyển khoản theo mã QR trên thông báo nộp tiền, hoặc nộp tại quầy thu phí",
)

SURNAMES = (
    "Nguyễn",
    "Trần",
    "Lê",
    "Phạm",
    "Hoàng",
    "Vũ",
    "Đặng",
    "Bùi",
    "Đỗ",
    "Hồ",
    "Ngô",
    "Dương",
    "Giáp",
    "Thân",
    "Ngọc",
    "Lương",
    "Chu",
    "Đào",
)
MIDDLE_NAMES = ("Văn", "Thị", "Đức", "Ngọc", "Thanh", "Minh", "Quang", "Thu", "Hữu", "Xuân", "")
GIVEN_NAMES = (
    "An",
    "Anh",
    "Bình",
    "Châu",
    "Chi",
    "Cường",
    "Dung",
    "Dũng",
    "Giang",
    "Hà",
    "Hải",
    "Hạnh",
    "Hiền",
    "Hòa",
    "Hùng",
    "Hương",
    "Khánh",
    "Lan",
    "Linh",
    "Long",
    "Mai",
    "Nam",
    "Nga",
    "Phúc",
    "Phương",
    "Quân",
    "Sơn",
    "Tâm",
    "Thảo",
    "Thắng",
    "Trang",
    "Tuấn",
    "Uyên",
    "Vân",
    "Yến",
)


def offices() -> tuple[Office, ...]:
    """The departments and the 99 communes, each with its own unit code."""
    centre = "Trung tâm Phục vụ hành chính công thành phố Bắc Ninh"
    found = [Office(code, name, "tinh", centre, "") for code, name in DEPARTMENTS.items()]
    with Path(__file__).with_name("communes.tsv").open(encoding="utf-8") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter="\t"), start=21):
            agency = "H02" if row["former_province"] == "Bắc Giang" else "H05"
            name = row["name"][0].lower() + row["name"][1:]
            desk = f"Trung tâm Phục vụ hành chính công {name}"
            found.append(Office(f"{agency}.{number}", f"UBND {name}", "xa", desk, name))
    return tuple(found)
