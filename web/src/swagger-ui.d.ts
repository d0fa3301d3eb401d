// What we use of Swagger UI, which brings no types.
declare module "swagger-ui-dist/swagger-ui-es-bundle" {
  export default function SwaggerUI(options: {
    dom_id: string;
    url: string;
    deepLinking: boolean;
    validatorUrl: null;
  }): void;
}
