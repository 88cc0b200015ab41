"use strict";
// Nothing is loaded from, sent to or kept anywhere else: no validator badge, no key beyond this page's life, and what
// is tried out goes to the service that this page came from, whatever servers the document names.
async function show() {
  const answer = await fetch("/openapi.json");
  const contract = await answer.json();
  contract.servers = [{ url: window.location.origin, description: "The service that this page came from" }];
  SwaggerUIBundle({
    spec: contract,
    dom_id: "#docs",
    deepLinking: true,
    displayRequestDuration: true,
    persistAuthorization: false,
    validatorUrl: null,
  });
}

show();
