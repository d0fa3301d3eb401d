"""STEP files (ISO 10303-21) of boxes, written by hand: their sizes, volumes and numbers of solids are known."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Point = tuple[float, float, float]

HEADER = """ISO-10303-21;
HEADER;
FILE_DESCRIPTION(('made by a test'),'2;1');
FILE_NAME('box.step','2026-01-01T00:00:00',(''),(''),'','','');
FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));
ENDSEC;
DATA;
"""
BREP = "ADVANCED_BREP_SHAPE_REPRESENTATION"
END = "ENDSEC;\nEND-ISO-10303-21;\n"

# The corners of each face of a box, in order around its outside; a corner's bits are x, y and z.
FACES = ((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5))


@dataclass
class StepFile:
    """Boxes are added with `box`; `whole()` is the file."""

    lines: list[str] = field(default_factory=list)
    solids: list[int] = field(default_factory=list)
    _uses: int = 0

    def add(self, entity: str) -> int:
        self.lines.append(entity)
        return len(self.lines)

    def point(self, at: Point) -> int:
        return self.add(f"CARTESIAN_POINT('',({_reals(at)}))")

    def direction(self, to: Point) -> int:
        return self.add(f"DIRECTION('',({_reals(to)}))")

    def box(self, size: Point, at: Point = (0, 0, 0)) -> int:
        corners = [_corner(size, at, number) for number in range(8)]
        points = [self.point(corner) for corner in corners]
        vertices = [self.add(f"VERTEX_POINT('',#{point})") for point in points]
        edges: dict[tuple[int, int], int] = {}
        faces = [self._face(face, corners, points, vertices, edges) for face in FACES]
        shell = self.add(f"CLOSED_SHELL('',({_list(faces)}))")
        solid = self.add(f"MANIFOLD_SOLID_BREP('box',#{shell})")
        self.solids.append(solid)
        return solid

    def _face(
        self,
        face: Sequence[int],
        corners: Sequence[Point],
        points: Sequence[int],
        vertices: Sequence[int],
        edges: dict[tuple[int, int], int],
    ) -> int:
        around = []
        for first, second in zip(face, (*face[1:], face[0]), strict=True):
            low, high = min(first, second), max(first, second)
            if (low, high) not in edges:
                along = [b - a for a, b in zip(corners[low], corners[high], strict=True)]
                length = sum(map(abs, along))
                direction = self.direction((along[0] / length, along[1] / length, along[2] / length))
                vector = self.add(f"VECTOR('',#{direction},1.)")
                line = self.add(f"LINE('',#{points[low]},#{vector})")
                edges[low, high] = self.add(f"EDGE_CURVE('',#{vertices[low]},#{vertices[high]},#{line},.T.)")
            turn = ".T." if first == low else ".F."
            around.append(self.add(f"ORIENTED_EDGE('',*,*,#{edges[low, high]},{turn})"))
        loop = self.add(f"EDGE_LOOP('',({_list(around)}))")
        bound = self.add(f"FACE_OUTER_BOUND('',#{loop},.T.)")
        origin = corners[face[0]]
        u = [b - a for a, b in zip(origin, corners[face[1]], strict=True)]
        v = [b - a for a, b in zip(origin, corners[face[3]], strict=True)]
        normal = (u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0])
        axis = self.direction(_unit(normal))
        reference = self.direction(_unit(u))
        place = self.add(f"AXIS2_PLACEMENT_3D('',#{points[face[0]]},#{axis},#{reference})")
        plane = self.add(f"PLANE('',#{place})")
        return self.add(f"ADVANCED_FACE('',(#{bound}),#{plane},.T.)")

    def contexts(self) -> None:
        """What products and shapes refer to. In millimetres."""
        length = self.add("(LENGTH_UNIT()NAMED_UNIT(*)SI_UNIT(.MILLI.,.METRE.))")
        angle = self.add("(NAMED_UNIT(*)PLANE_ANGLE_UNIT()SI_UNIT($,.RADIAN.))")
        solid = self.add("(NAMED_UNIT(*)SI_UNIT($,.STERADIAN.)SOLID_ANGLE_UNIT())")
        exact = self.add(
            f"UNCERTAINTY_MEASURE_WITH_UNIT(LENGTH_MEASURE(1.E-07),#{length},'distance_accuracy_value','')"
        )
        self.geometry = self.add(
            f"(GEOMETRIC_REPRESENTATION_CONTEXT(3)GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT((#{exact}))"
            f"GLOBAL_UNIT_ASSIGNED_CONTEXT((#{length},#{angle},#{solid}))REPRESENTATION_CONTEXT('',''))"
        )
        self.origin = self.place((0, 0, 0))
        application = self.add("APPLICATION_CONTEXT('automotive design')")
        self.add(
            f"APPLICATION_PROTOCOL_DEFINITION('international standard','automotive_design',2000,#{application})"
        )
        self.mechanical = self.add(f"PRODUCT_CONTEXT('',#{application},'mechanical')")
        self.design = self.add(f"PRODUCT_DEFINITION_CONTEXT('part definition',#{application},'design')")

    def place(self, at: Point) -> int:
        point, up, along = self.point(at), self.direction((0, 0, 1)), self.direction((1, 0, 0))
        return self.add(f"AXIS2_PLACEMENT_3D('',#{point},#{up},#{along})")

    def product(self, name: str, items: Sequence[int], kind: str) -> tuple[int, int]:
        """A product whose shape has these items. Returns its definition and its shape."""
        shape = self.add(f"{kind}('',({_list((self.origin, *items))}),#{self.geometry})")
        product = self.add(f"PRODUCT('{name}','{name}','',(#{self.mechanical}))")
        formation = self.add(f"PRODUCT_DEFINITION_FORMATION('','',#{product})")
        definition = self.add(f"PRODUCT_DEFINITION('design','',#{formation},#{self.design})")
        whole = self.add(f"PRODUCT_DEFINITION_SHAPE('','',#{definition})")
        self.add(f"SHAPE_DEFINITION_REPRESENTATION(#{whole},#{shape})")
        return definition, shape

    def use(self, child: tuple[int, int], within: tuple[int, int], at: Point) -> None:
        """Put one product into another, at a place of it."""
        self._uses += 1
        here = self.place(at)
        moved = self.add(f"ITEM_DEFINED_TRANSFORMATION('','',#{self.origin},#{here})")
        relation = self.add(
            f"(REPRESENTATION_RELATIONSHIP('','',#{child[1]},#{within[1]})"
            f"REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION(#{moved})SHAPE_REPRESENTATION_RELATIONSHIP())"
        )
        usage = self.add(
            f"NEXT_ASSEMBLY_USAGE_OCCURRENCE('{self._uses}','use','',#{within[0]},#{child[0]},$)"
        )
        shape = self.add(f"PRODUCT_DEFINITION_SHAPE('','',#{usage})")
        self.add(f"CONTEXT_DEPENDENT_SHAPE_REPRESENTATION(#{relation},#{shape})")

    def written(self) -> bytes:
        lines = "".join(f"#{at}={line};\n" for at, line in enumerate(self.lines, 1))
        return f"{HEADER}{lines}{END}".encode()

    def whole(self) -> bytes:
        """The file, with one product that has all the solids."""
        self.contexts()
        self.product("part", self.solids, BREP)
        return self.written()


def box(x: float, y: float, z: float) -> bytes:
    """A file with one box of this size in millimetres."""
    step = StepFile()
    step.box((x, y, z))
    return step.whole()


def grid(count: int, size: float = 10.0, gap: float = 5.0) -> bytes:
    """A file with a row of `count` cubes."""
    step = StepFile()
    for number in range(count):
        step.box((size, size, size), (number * (size + gap), 0, 0))
    return step.whole()


def nested(depth: int, width: int = 2, *, is_endless: bool = False) -> bytes:
    """An assembly of so many levels, each of which has the next one `width` times: a small file of `width ** depth`
    cubes. If it `is_endless`, the innermost level has the outermost one again."""
    step = StepFile()
    step.contexts()
    cube = step.box((1, 1, 1))
    inner = first = step.product("cube", [cube], BREP)
    for level in range(depth):
        outer = step.product(f"level {level}", [], "SHAPE_REPRESENTATION")
        for number in range(width):
            step.use(inner, outer, (number * 2.0 * width**level, 0, 0))
        inner = outer
    if is_endless:
        step.use(inner, first, (0, 0, 1))
    return step.written()


def _corner(size: Point, at: Point, number: int) -> Point:
    x, y, z = (at[axis] + (size[axis] if number >> axis & 1 else 0) for axis in range(3))
    return x, y, z


def _reals(values: Iterable[float]) -> str:
    written = (f"{value:.9g}" for value in values)
    return ",".join(text if "." in text or "e" in text else f"{text}." for text in written)


def _list(ids: Iterable[int]) -> str:
    return ",".join(f"#{each}" for each in ids)


def _unit(vector: Sequence[float]) -> Point:
    length = sum(each * each for each in vector) ** 0.5
    return (vector[0] / length, vector[1] / length, vector[2] / length)


def png_pixels(content: bytes) -> tuple[list[tuple[int, ...]], int]:
    """The pixels of a PNG of red, green, blue and opacity whose rows are not filtered, and its width."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack_from(">IIBB", content, 16)
    assert (depth, kind) == (8, 6)
    data, at = b"", 8
    while at < len(content):
        size, name = struct.unpack_from(">I4s", content, at)
        if name == b"IDAT":
            data += content[at + 8 : at + 8 + size]
        at += size + 12
    rows = zlib.decompress(data)
    pixels = []
    for row in range(height):
        start = row * (width * 4 + 1)
        assert rows[start] == 0
        line = rows[start + 1 : start + 1 + width * 4]
        pixels += [tuple(line[x : x + 4]) for x in range(0, width * 4, 4)]
    return pixels, width


# 2 ** 80 cubes: nothing converts that in time.
ENDLESS = nested(80)
