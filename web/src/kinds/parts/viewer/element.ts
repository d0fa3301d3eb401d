import { AnnotationMixin } from "@google/model-viewer/lib/features/annotation.js";
import { ControlsMixin } from "@google/model-viewer/lib/features/controls.js";
import { EnvironmentMixin } from "@google/model-viewer/lib/features/environment.js";
import { LoadingMixin } from "@google/model-viewer/lib/features/loading.js";
import ModelViewerElementBase, { $needsRender, $onModelLoad, $renderer, $scene, $tick } from "@google/model-viewer/lib/model-viewer-base.js";
import { DoubleSide, Plane, Vector3 } from "three";

export type Axis = "x" | "y" | "z";

/** Where a model is cut open: `share` of its size along an axis is left. */
export interface Section {
  axis: Axis;
  share: number;
}

interface Mesh {
  material?: Material | Material[];
}

interface Material {
  clippingPlanes: Plane[] | null;
  side: number;
  needsUpdate: boolean;
  color?: { getHex(): number; setHex(hex: number): void };
}

const WHITE = 0xffffff;
/** Of bare steel: models without a colour of their own would be white on white. */
const BARE = 0x8fa1af;

const NORMALS: Record<Axis, Vector3> = { x: new Vector3(-1, 0, 0), y: new Vector3(0, -1, 0), z: new Vector3(0, 0, -1) };

/**
 * <model-viewer>, put together from its own parts without those for augmented reality, animation and editing, and
 * with a section. Nothing of it asks another host: our models are not compressed, and the light is computed.
 */
export class PartViewer extends AnnotationMixin(EnvironmentMixin(ControlsMixin(LoadingMixin(ModelViewerElementBase)))) {
  // What the part left out for editing would have: models stand as they are.
  readonly orientation = "0deg 0deg 0deg";
  readonly scale = "1 1 1";
  #section: Section | null = null;
  readonly #plane = new Plane();

  set section(section: Section | null) {
    this.#section = section;
    this.#cut();
    this[$needsRender]();
  }

  override [$onModelLoad](): void {
    super[$onModelLoad]();
    for (const { color } of this.#materials()) if (color?.getHex() === WHITE) color.setHex(BARE);
    this.#cut();
  }

  override [$tick](time: number, delta: number): void {
    super[$tick](time, delta);
    // The camera's target moves the model, not the camera.
    if (this.#section) this.#place(this.#section);
  }

  #cut(): void {
    const section = this.#section;
    if (section) {
      (this[$renderer].threeRenderer as { localClippingEnabled: boolean }).localClippingEnabled = true;
      this.#place(section);
    }
    for (const material of this.#materials()) {
      material.clippingPlanes = section ? [this.#plane] : null;
      // What is cut open shows its inner side.
      if (section) material.side = DoubleSide;
      material.needsUpdate = true;
    }
  }

  #materials(): Material[] {
    const found: Material[] = [];
    this[$scene].target.traverse(({ material }: Mesh) => {
      if (material) found.push(...[material].flat());
    });
    return found;
  }

  #place({ axis, share }: Section): void {
    const { boundingBox, target } = this[$scene];
    const point = (boundingBox.max as Vector3).clone();
    point[axis] = boundingBox.min[axis] + share * (boundingBox.max[axis] - boundingBox.min[axis]);
    target.updateWorldMatrix(true, false);
    const normal = NORMALS[axis].clone().transformDirection(target.matrixWorld);
    this.#plane.setFromNormalAndCoplanarPoint(normal, point.applyMatrix4(target.matrixWorld));
  }
}

if (!customElements.get("model-viewer")) customElements.define("model-viewer", PartViewer);
