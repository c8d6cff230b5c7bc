// What belongs to Orkes's own product (people, permissions, prompts, integrations) is not here.

import assert from "node:assert/strict";
import { test } from "node:test";
import { methodsOf, noted, sdk } from "./support.mjs";

const ABSENT = [
  sdk.getHumanClient(),
  sdk.getTemplateClient(),
  sdk.getServiceRegistryClient(),
  sdk.getAuthorizationClient(),
  sdk.getIntegrationClient(),
  sdk.getPromptClient(),
  sdk.getApplicationClient(),
];

for (const client of ABSENT) {
  for (const method of methodsOf(client)) {
    test(`${client.constructor.name}.${method} is told that there is no such thing`, async () => {
      const call = noted(client)[method]("a", "b", "user:c", "user:d", "e", "f");
      await assert.rejects(call, /There is nothing at \/api\//);
    });
  }
}
