// Clients of the official SDK that note which of their methods are called, and words for tests.

import { appendFileSync } from "node:fs";
import { randomUUID } from "node:crypto";
import { OrkesClients } from "@io-orkes/conductor-javascript";

const { CONDUCTOR_SERVER_URL, DALSEGNO_CALLED } = process.env;

export const sdk = await OrkesClients.from({ serverUrl: CONDUCTOR_SERVER_URL });
// A token outlives these tests, and its timer would outlive them too.
sdk.getClient().stopBackgroundRefresh();

export const workflows = noted(sdk.getWorkflowClient());
export const tasks = noted(sdk.getTaskClient());
export const metadata = noted(sdk.getMetadataClient());
export const schedules = noted(sdk.getSchedulerClient());
export const secrets = noted(sdk.getSecretClient());
export const schemas = noted(sdk.getSchemaClient());
export const events = noted(sdk.getEventClient());

/** Return a client whose calls are noted, as `Class.method`, for whoever asks which were made. */
export function noted(client) {
  return new Proxy(client, {
    get(target, name) {
      const value = target[name];
      if (typeof value !== "function") return value;
      return (...args) => {
        appendFileSync(DALSEGNO_CALLED, `${target.constructor.name}.${String(name)}\n`);
        return value.apply(target, args);
      };
    },
  });
}

/** Return the names of a client's own public methods. */
export function methodsOf(client) {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(client)).filter(
    (name) => name !== "constructor" && typeof client[name] === "function",
  );
}

/** Return a name that no other test uses. */
export function unique(name) {
  return `js_${name}_${randomUUID().slice(0, 8)}`;
}

/** Register a workflow of these tasks; return its name. */
export async function registered(...workflowTasks) {
  const name = unique("flow");
  await metadata.registerWorkflowDef(
    { name, version: 1, tasks: workflowTasks.flat(), timeoutSeconds: 0 },
    true,
  );
  return name;
}

/** Start a workflow of these tasks; return its id. */
export async function started(...workflowTasks) {
  return workflows.startWorkflow({ name: await registered(...workflowTasks), version: 1 });
}

/** Return what `look` returns once it satisfies `enough`; fail after five minutes. */
export async function eventually(look, enough) {
  const deadline = Date.now() + 300_000;
  for (;;) {
    const seen = await look();
    if (enough(seen)) return seen;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(seen)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Return a workflow once it has this status. */
export function awaitStatus(workflowId, status) {
  return eventually(
    () => workflows.getWorkflow(workflowId, true),
    (workflow) => workflow.status === status,
  );
}
