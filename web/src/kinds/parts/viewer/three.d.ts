/** Of three.js, what is used here; its own types are a package ten times as large as what they would tell. */
declare module "three" {
  export class Vector3 {
    constructor(x?: number, y?: number, z?: number);
    x: number;
    y: number;
    z: number;
    clone(): Vector3;
    transformDirection(matrix: unknown): this;
    applyMatrix4(matrix: unknown): this;
  }
  export class Plane {
    constructor(normal?: Vector3, constant?: number);
    setFromNormalAndCoplanarPoint(normal: Vector3, point: Vector3): this;
  }
  export const DoubleSide: number;
}
