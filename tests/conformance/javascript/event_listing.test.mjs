import assert from "node:assert/strict";
import { test } from "node:test";
import { events, unique } from "./support.mjs";

const skip = !(await fetch(`${process.env.CONDUCTOR_SERVER_URL}/event`)).ok;

test("event handlers are listed by the method called test, too", { skip }, async () => {
  const name = unique("handler");
  const start_workflow = { name: "flow", version: 1 };
  const actions = [{ action: "start_workflow", start_workflow }];
  await events.addEventHandler({ name, event: "sqs:orders", actions });
  assert.ok((await events.test()).some((each) => each.name === name));
});
