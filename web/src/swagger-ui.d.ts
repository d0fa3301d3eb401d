// What we use of Swagger UI, which brings no types.
declare module "swagger-ui-dist/swagger-ui-es-bundle" {
  export interface Described {
    paths: Record<string, unknown>;
    components: { schemas: Record<string, unknown> };
  }
  export interface System {
    fn: { resolveSubtree(description: Described, path: string[], options: unknown): Promise<unknown> };
  }
  export default function SwaggerUI(options: {
    dom_id: string;
    url: string;
    deepLinking: boolean;
    validatorUrl: null;
    docExpansion: "none";
    filter: boolean;
    defaultModelsExpandDepth: number;
    plugins: { afterLoad(system: System): void }[];
  }): void;
}
