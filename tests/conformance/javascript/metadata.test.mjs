import assert from "node:assert/strict";
import { test } from "node:test";
import { simpleTask, taskDefinition } from "@io-orkes/conductor-javascript";
import { metadata, registered, unique } from "./support.mjs";

const tag = (key) => ({ key, value: "violins", type: "METADATA" });

test("task definitions are registered, changed, listed and removed", async () => {
  const name = unique("task");
  await metadata.registerTask(taskDefinition({ name, retryCount: 2, ownerApp: "js" }));
  assert.equal((await metadata.getTask(name)).retryCount, 2);
  await metadata.updateTask({ name, retryCount: 5 });
  assert.equal((await metadata.getTask(name)).retryCount, 5);
  const more = [unique("task"), unique("task")];
  await metadata.registerTasks(more.map((each) => ({ name: each })));
  const names = (await metadata.getAllTaskDefs()).map((each) => each.name);
  assert.ok([name, ...more].every((each) => names.includes(each)));
  await metadata.unregisterTask(name);
  await assert.rejects(metadata.getTask(name));
});

test("workflow definitions are registered, listed and removed", async () => {
  const name = await registered(simpleTask("a", "a", {}));
  assert.equal((await metadata.getWorkflowDef(name, 1)).version, 1);
  assert.equal((await metadata.getWorkflowDef(name)).tasks[0].taskReferenceName, "a");
  await assert.rejects(
    metadata.registerWorkflowDef({ name, version: 1, tasks: [simpleTask("a", "a", {})] }, false),
  );
  assert.ok((await metadata.getAllWorkflowDefs()).some((each) => each.name === name));
  await metadata.unregisterWorkflow(name, 1);
  await assert.rejects(metadata.getWorkflowDef(name, 1));
});

test("workflow definitions carry tags", async () => {
  const name = await registered(simpleTask("a", "a", {}));
  await metadata.addWorkflowTag(tag("team"), name);
  await metadata.addWorkflowTag(tag("cost"), name);
  await metadata.deleteWorkflowTag(tag("cost"), name);
  assert.deepEqual((await metadata.getWorkflowTags(name)).map((each) => each.key), ["team"]);
  await metadata.setWorkflowTags([tag("only")], name);
  assert.deepEqual((await metadata.getWorkflowTags(name)).map((each) => each.key), ["only"]);
});

test("task definitions carry tags", async () => {
  const name = unique("task");
  await metadata.registerTask({ name });
  await metadata.addTaskTag(tag("team"), name);
  await metadata.addTaskTag(tag("cost"), name);
  await metadata.deleteTaskTag(tag("cost"), name);
  assert.deepEqual((await metadata.getTaskTags(name)).map((each) => each.key), ["team"]);
  await metadata.setTaskTags([tag("only")], name);
  assert.deepEqual((await metadata.getTaskTags(name)).map((each) => each.key), ["only"]);
});

test("a workflow's rate limit is set, read and removed", async () => {
  const name = await registered(simpleTask("a", "a", {}));
  assert.equal(await metadata.getWorkflowRateLimit(name), undefined);
  await metadata.setWorkflowRateLimit({ rateLimitKey: "all", concurrentExecLimit: 3 }, name);
  assert.equal((await metadata.getWorkflowRateLimit(name)).concurrentExecLimit, 3);
  await metadata.removeWorkflowRateLimit(name);
  assert.equal(await metadata.getWorkflowRateLimit(name), undefined);
});
