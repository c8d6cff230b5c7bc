// What belongs to Orkes's own product (people, permissions, prompts, integrations) and agents are not here.

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

const agents = noted(sdk.getAgentClient());
const AGENT_CALLS = {
  startAgent: [{}],
  deployAgent: [{}],
  compile: [{}],
  status: ["a"],
  respond: ["a", {}],
  listExecutions: [{}],
  stop: ["a"],
  signal: ["a", "b"],
};

for (const [method, args] of Object.entries(AGENT_CALLS)) {
  test(`OrkesAgentClient.${method} is told that there are no agents`, async () => {
    await assert.rejects(agents[method](...args), /agent|404/i);
  });
}
