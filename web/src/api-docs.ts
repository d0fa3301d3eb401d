// /api/docs: Swagger UI on our own description. A page of its own, so that nobody else loads it.
import SwaggerUI from "swagger-ui-dist/swagger-ui-es-bundle";
import "swagger-ui-dist/swagger-ui.css";

SwaggerUI({
  dom_id: "#api",
  url: new URL("api/openapi.json", document.baseURI).href,
  deepLinking: true,
  // The other site that this would ask whether the document is valid is none of ours.
  validatorUrl: null,
});
