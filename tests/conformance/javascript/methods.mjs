// Prints every public method of every client of the SDK, as `Class.method`, one a line.

import { OrkesClients } from "@io-orkes/conductor-javascript";
import { methodsOf, sdk } from "./support.mjs";

// TypeScript calls them private; JavaScript has no such word for them.
const PRIVATE = new Set([
  "SchedulerClient.authHeaders",
  "SchedulerClient.client",
  "SchedulerClient.pauseResumeWithVerbFallback",
  "SchedulerClient.raw",
]);
// A function table, no client; and the clients of agents, which are refused as a whole.
const ELSEWHERE = new Set(["getClient", "getAgentClient", "getAgentWorkflowClient"]);

for (const getter of Object.getOwnPropertyNames(OrkesClients.prototype)) {
  if (getter === "constructor" || ELSEWHERE.has(getter)) continue;
  const client = sdk[getter]();
  for (const method of methodsOf(client)) {
    const name = `${client.constructor.name}.${method}`;
    if (!PRIVATE.has(name)) console.log(name);
  }
}
