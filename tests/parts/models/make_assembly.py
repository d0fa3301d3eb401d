"""Makes assembly.step.xz, and assembly.json with what the CAD kernel measures of it.

The kernel is too large to be installed for one file:

    uv run --no-project --with cadquery-ocp-novtk tests/parts/models/make_assembly.py

A plate, and on it 240 solids of sizes of their own: boxes, cylinders, cones and blocks with a hole.
"""

from __future__ import annotations

import json
import lzma
import tempfile
from pathlib import Path

from OCP.Bnd import Bnd_Box
from OCP.BRep import BRep_Builder
from OCP.BRepAlgoAPI import BRepAlgoAPI_Cut
from OCP.BRepBndLib import BRepBndLib
from OCP.BRepGProp import BRepGProp
from OCP.BRepPrimAPI import BRepPrimAPI_MakeBox, BRepPrimAPI_MakeCone, BRepPrimAPI_MakeCylinder
from OCP.gp import gp_Ax2, gp_Dir, gp_Pnt
from OCP.GProp import GProp_GProps
from OCP.STEPControl import STEPControl_AsIs, STEPControl_Writer
from OCP.TopAbs import TopAbs_FACE, TopAbs_SOLID
from OCP.TopExp import TopExp_Explorer
from OCP.TopoDS import TopoDS_Compound

HERE = Path(__file__).parent
COLUMNS, ROWS, PITCH = 24, 10, 30.0


def solid(number: int, x: float, y: float) -> object:
    height = 10 + number * 0.25
    axis = gp_Ax2(gp_Pnt(x + 10, y + 10, 5), gp_Dir(0, 0, 1))
    if number % 4 == 0:
        return BRepPrimAPI_MakeCylinder(axis, 5 + number % 5, height).Shape()
    if number % 4 == 1:
        return BRepPrimAPI_MakeCone(axis, 9, 3, height).Shape()
    block = BRepPrimAPI_MakeBox(gp_Pnt(x, y, 5), 20, 15 + number % 5, height).Shape()
    if number % 4 == 2:
        return block
    return BRepAlgoAPI_Cut(block, BRepPrimAPI_MakeCylinder(axis, 4, 100).Shape()).Shape()


def count(shape: object, kind: object) -> int:
    found, explorer = 0, TopExp_Explorer(shape, kind)
    while explorer.More():
        found += 1
        explorer.Next()
    return found


def main() -> None:
    whole = TopoDS_Compound()
    builder = BRep_Builder()
    builder.MakeCompound(whole)
    builder.Add(whole, BRepPrimAPI_MakeBox(gp_Pnt(-5, -5, 0), COLUMNS * PITCH, ROWS * PITCH, 5).Shape())
    for number in range(COLUMNS * ROWS):
        builder.Add(whole, solid(number, number % COLUMNS * PITCH, number // COLUMNS * PITCH))
    volume, area, box = GProp_GProps(), GProp_GProps(), Bnd_Box()
    BRepGProp.VolumeProperties_s(whole, volume)
    BRepGProp.SurfaceProperties_s(whole, area)
    BRepBndLib.AddOptimal_s(whole, box, False, False)
    low, high = box.CornerMin(), box.CornerMax()
    measured = {
        "size_mm": [high.X() - low.X(), high.Y() - low.Y(), high.Z() - low.Z()],
        "volume_mm3": volume.Mass(),
        "area_mm2": area.Mass(),
        "solids": count(whole, TopAbs_SOLID),
        "faces": count(whole, TopAbs_FACE),
    }
    (HERE / "assembly.json").write_text(json.dumps(measured, indent=2) + "\n", encoding="ascii")
    writer = STEPControl_Writer()
    writer.Transfer(whole, STEPControl_AsIs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "assembly.step")
        writer.Write(str(path))
        (HERE / "assembly.step.xz").write_bytes(lzma.compress(path.read_bytes(), preset=9))


if __name__ == "__main__":
    main()
