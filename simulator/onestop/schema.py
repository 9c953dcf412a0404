"""The tables of the reference one-stop database, named as such software in Vietnam names them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Integer,
    MetaData,
    SmallInteger,
    String,
    Table,
    inspect,
)
from sqlalchemy.engine import Connection

metadata = MetaData()

# Marks the database as invented: without it nothing here is ever dropped.
mo_phong = Table(
    "mo_phong",
    metadata,
    Column("phien_ban", Integer, primary_key=True),
    Column("hat_giong", Integer, nullable=False),
)

don_vi = Table(
    "don_vi",
    metadata,
    Column("ma_don_vi", String(20), primary_key=True),
    Column("ten_don_vi", String(200), nullable=False),
    Column("cap", String(10), nullable=False),  # tinh | xa
    Column("noi_tra_ket_qua", String(300), nullable=False),
    Column("gio_lam_viec", String(200), nullable=False),
)

trang_thai = Table(
    "trang_thai",
    metadata,
    Column("ma_trang_thai", SmallInteger, primary_key=True, autoincrement=False),
    Column("ten_trang_thai", String(100), nullable=False),
)

thu_tuc = Table(
    "thu_tuc",
    metadata,
    Column("ma_thu_tuc", String(20), primary_key=True),
    Column("ten_thu_tuc", String(500), nullable=False),
    Column("linh_vuc", String(200), nullable=False),
    Column("so_ngay_lam_viec", Integer, nullable=False),
)

ho_so = Table(
    "ho_so",
    metadata,
    Column("ma_ho_so", String(60), primary_key=True),
    Column("ma_thu_tuc", ForeignKey("thu_tuc.ma_thu_tuc"), nullable=False),
    Column("ma_don_vi", ForeignKey("don_vi.ma_don_vi"), nullable=False),
    Column("ma_trang_thai", ForeignKey("trang_thai.ma_trang_thai"), nullable=False),
    Column("bo_phan_dang_giu", String(200), nullable=False),
    Column("ngay_tiep_nhan", Date, nullable=False),
    Column("ngay_hen_tra", Date),
    Column("ngay_hoan_thanh", Date),
    Column("ho_ten_nguoi_nop", String(200), nullable=False),
    Column("so_dien_thoai", String(20), nullable=False),
    Column("so_dinh_danh", String(20), nullable=False),
    Column("dia_ban", String(100), nullable=False),
)

bo_sung = Table(
    "bo_sung",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ma_ho_so", ForeignKey("ho_so.ma_ho_so"), nullable=False, index=True),
    Column("ten_giay_to", String(300), nullable=False),
    Column("ngay_yeu_cau", Date, nullable=False),
    Column("da_nop", Boolean, nullable=False),
)

nghia_vu_tai_chinh = Table(
    "nghia_vu_tai_chinh",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("ma_ho_so", ForeignKey("ho_so.ma_ho_so"), nullable=False, index=True),
    Column("so_tien", Integer, nullable=False),
    Column("cach_nop", String(300), nullable=False),
    Column("ngay_thong_bao", Date, nullable=False),
    Column("da_nop", Boolean, nullable=False),
)


def recreate(connection: Connection) -> None:
    """Empty tables; raises ValueError where tables of these names are somebody else's."""
    present = set(inspect(connection).get_table_names())
    if present & set(metadata.tables) and mo_phong.name not in present:
        raise ValueError(
            "this database already has tables named like a one-stop system's and was not made by "
            "this simulator; nothing was changed"
        )
    metadata.drop_all(connection)
    metadata.create_all(connection)
