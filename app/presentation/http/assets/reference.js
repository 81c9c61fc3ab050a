"use strict";

// Swagger UI has dark colours but leaves it to the page to ask for them.
const dark = matchMedia("(prefers-color-scheme: dark)");
const followSystem = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", followSystem);
followSystem();

const reference = document.getElementById("reference");

SwaggerUIBundle({
  domNode: reference,
  url: reference.dataset.document,
  deepLinking: true,
  // The fields of a body are open, with what they mean and allow; the list of all schemas is not.
  defaultModelExpandDepth: 2,
  defaultModelsExpandDepth: 0,
  displayOperationId: true,
  displayRequestDuration: true,
  filter: true,
  // A token typed in is forgotten when the page is left.
  persistAuthorization: false,
  // The default sends the document's address to a validator on another host.
  validatorUrl: null,
});
