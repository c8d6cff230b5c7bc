import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { test } from "node:test";
import {
  doWhileTask,
  dynamicForkTask,
  forkTaskJoin,
  inlineTask,
  jsonJqTask,
  setVariableTask,
  simpleTask,
  subWorkflowTask,
  switchTask,
  terminateTask,
  waitTaskDuration,
} from "@io-orkes/conductor-javascript";
import { awaitStatus, metadata, registered, started, unique, workflows } from "./support.mjs";

const wait = (name) => ({ name, taskReferenceName: name, type: "WAIT" });
const answer = () => inlineTask("answer", "(function () { return 6 * 7; })()");

test("a workflow of operators runs to its end while it is started", async () => {
  const loop = doWhileTask("loop", "if ($.loop['iteration'] < 3) { true; } else { false; }", [
    inlineTask("turn", "1"),
  ]);
  const choice = switchTask("choice", "${workflow.input.way}", {
    left: [setVariableTask("left", { way: "left" })],
    right: [terminateTask("right", "FAILED", "wrong way")],
  });
  const name = await registered(
    answer(),
    choice,
    loop,
    forkTaskJoin("fork", [inlineTask("b1", "1"), inlineTask("b2", "2")]),
    { ...jsonJqTask("jq", "{sum: (.a + .b)}"), inputParameters: { a: 1, b: 2, queryExpression: "{sum: (.a + .b)}" } },
  );
  const left = await workflows.startWorkflowByName(name, { way: "left" }, 1, "c-1", 7);
  const right = await workflows.startWorkflow({ name, version: 1, input: { way: "right" } });

  const workflow = await awaitStatus(left, "COMPLETED");
  assert.equal(workflow.correlationId, "c-1");
  assert.equal(workflow.priority, 7);
  assert.deepEqual(workflow.variables, { way: "left" });
  const byRef = Object.fromEntries(workflow.tasks.map((each) => [each.referenceTaskName, each]));
  assert.equal(byRef.answer.outputData.result, 42);
  assert.equal(byRef.loop.outputData.iteration, 3);
  assert.deepEqual(byRef.jq.outputData.result, { sum: 3 });
  assert.equal((await awaitStatus(right, "FAILED")).reasonForIncompletion, "wrong way");
});

test("a workflow is executed and answered", async () => {
  const name = await registered(answer());
  const run = await workflows.executeWorkflow({ name, version: 1 }, name, 1, randomUUID());
  assert.equal(run.status, "COMPLETED");
  assert.equal(run.tasks.length, 1);
});

test("an execution answers at the task that is waited for, by strategy", async () => {
  const name = await registered(wait("pause"));
  const run = await workflows.executeWorkflow(
    { name, version: 1 }, name, 1, randomUUID(), "pause", 5, "DURABLE", "BLOCKING_TASK",
  );
  assert.ok(run.isBlockingTask());
  assert.equal(run.referenceTaskName, "pause");
  const after = await workflows.signal(
    run.targetWorkflowId, "COMPLETED", { by: "js" }, "TARGET_WORKFLOW",
  );
  assert.equal(after.status, "COMPLETED");
});

test("several are started at once", async () => {
  const name = await registered(wait("pause"));
  const ids = await Promise.all(
    workflows.startWorkflows([{ name, version: 1 }, { name, version: 1 }]),
  );
  assert.equal(new Set(ids).size, 2);
  for (const id of ids) await workflows.signalAsync(id, "COMPLETED", { by: "js" });
  for (const id of ids) await awaitStatus(id, "COMPLETED");
});

test("an execution is read in every form", async () => {
  const id = await started(wait("pause"));
  assert.equal((await workflows.getExecution(id)).workflowId, id);
  assert.deepEqual((await workflows.getWorkflow(id, false)).tasks, []);
  const status = await workflows.getWorkflowStatus(id, true, true);
  assert.equal(status.status, "RUNNING");
  assert.deepEqual(status.variables, {});
  const [task] = (await workflows.getWorkflow(id, true)).tasks;
  assert.equal((await workflows.getTask(task.taskId)).referenceTaskName, "pause");
  await assert.rejects(workflows.getWorkflow("unknown", true), /No such workflow|404/);
});

test("an execution is paused, resumed and terminated", async () => {
  const id = await started(wait("pause"), answer());
  await workflows.pause(id);
  await awaitStatus(id, "PAUSED");
  await workflows.resume(id);
  await awaitStatus(id, "RUNNING");
  await workflows.terminate(id, "enough");
  assert.equal((await awaitStatus(id, "TERMINATED")).reasonForIncompletion, "enough");
});

test("a failed execution is retried, restarted and rerun", async () => {
  const id = await started(wait("first"), wait("second"));
  await workflows.updateTaskByRefName("first", id, "COMPLETED", { n: 1 });
  await workflows.updateTaskByRefName("second", id, "FAILED_WITH_TERMINAL_ERROR", { n: 2 });
  await awaitStatus(id, "FAILED");
  await workflows.retry(id, false);
  await awaitStatus(id, "RUNNING");
  await workflows.terminate(id, "again");
  await workflows.restart(id, true);
  assert.equal((await awaitStatus(id, "RUNNING")).tasks.length, 1);
  await workflows.updateTaskSync("first", id, "COMPLETED", { n: 3 });
  const second = (await workflows.getWorkflow(id, true)).tasks[1];
  await workflows.updateTask(second.taskId, id, "COMPLETED", { n: 4 });
  const { tasks } = await awaitStatus(id, "COMPLETED");
  assert.equal(await workflows.reRun(id, { reRunFromTaskId: tasks[1].taskId }), id);
  await awaitStatus(id, "RUNNING");
  await workflows.signalAsync(id, "COMPLETED", {});
  await awaitStatus(id, "COMPLETED");
  await workflows.goBackToTask(id, (task) => task.referenceTaskName === "second");
  await awaitStatus(id, "RUNNING");
  await workflows.signalAsync(id, "COMPLETED", {});
  await awaitStatus(id, "COMPLETED");
  await workflows.goBackToFirstTaskMatchingType(id, "WAIT"); // the last one, that is
  const open = (await awaitStatus(id, "RUNNING")).tasks.filter((each) => each.status === "IN_PROGRESS");
  assert.deepEqual(open.map((each) => each.referenceTaskName), ["second"]);
});

test("a task ahead is skipped", async () => {
  const id = await started(wait("first"), wait("second"));
  await workflows.skipTasksFromWorkflow(id, "second", { taskOutput: { skipped: true } });
  await workflows.signalAsync(id, "COMPLETED", {});
  const { tasks } = await awaitStatus(id, "COMPLETED");
  assert.equal(tasks[1].status, "SKIPPED");
});

test("executions are searched for and found by correlation id", async () => {
  const name = await registered(wait("pause"));
  const correlationId = unique("order");
  const id = await workflows.startWorkflow({ name, version: 1, correlationId });
  const found = await workflows.search(0, 10, `workflowType = '${name}' AND status = 'RUNNING'`, "*");
  assert.deepEqual(found.results.map((each) => each.workflowId), [id]);
  const correlated = await workflows.getByCorrelationIds(
    { correlationIds: [correlationId], workflowNames: [name] }, true, true,
  );
  assert.equal(correlated[correlationId][0].workflowId, id);
  await workflows.terminate(id, "done");
});

test("variables and state are set from outside", async () => {
  const id = await started(wait("pause"));
  const workflow = await workflows.updateVariables(id, { seen: 1 });
  assert.deepEqual(workflow.variables, { seen: 1 });
  const run = await workflows.updateState(
    id,
    {
      taskReferenceName: "pause",
      variables: { seen: 2 },
      taskResult: { workflowInstanceId: id, taskId: "", status: "COMPLETED", outputData: { by: "state" } },
    },
    randomUUID(),
  );
  assert.equal(run.status, "COMPLETED");
  assert.deepEqual(run.variables, { seen: 2 });
});

test("an execution is deleted", async () => {
  const id = await started(answer());
  await awaitStatus(id, "COMPLETED");
  await workflows.deleteWorkflow(id, false);
  await assert.rejects(workflows.getWorkflow(id, true));
});

test("a workflow is tried with mocked tasks", async () => {
  const name = unique("mocked");
  const run = await workflows.testWorkflow({
    name,
    version: 1,
    workflowDef: { name, version: 1, tasks: [simpleTask("charge", "charge", {}), answer()], timeoutSeconds: 0 },
    taskRefToMockOutput: { charge: [{ status: "COMPLETED", output: { paid: true } }] },
  });
  assert.equal(run.status, "COMPLETED");
  assert.deepEqual(run.tasks[0].outputData, { paid: true });
});

test("sub-workflows, dynamic forks and timed waits do as their builders say", async () => {
  const child = await registered(answer());
  const fork = dynamicForkTask("fan");
  const id = await workflows.startWorkflow({
    name: await registered(
      subWorkflowTask("child", child, 1),
      waitTaskDuration("breath", "1 seconds"),
      { ...fork, inputParameters: { dynamicTasks: "${workflow.input.tasks}", dynamicTasksInput: "${workflow.input.inputs}" } },
      { name: "meet", taskReferenceName: "meet", type: "JOIN", joinOn: [] },
    ),
    version: 1,
    input: {
      tasks: ["a", "b"].map((ref) => ({ name: "noop", taskReferenceName: ref, type: "NOOP" })),
      inputs: { a: {}, b: {} },
    },
  });
  const { tasks } = await awaitStatus(id, "COMPLETED");
  assert.deepEqual(tasks.map((task) => task.referenceTaskName), ["child", "breath", "fan", "a", "b", "meet"]);
});

test("a workflow is registered by its executor", async () => {
  const name = unique("executor");
  await workflows.registerWorkflow(true, { name, version: 1, tasks: [answer()], timeoutSeconds: 0 });
  assert.equal((await metadata.getWorkflowDef(name, 1)).tasks.length, 1);
});
