import assert from "node:assert/strict";
import { test } from "node:test";
import { simpleTask } from "@io-orkes/conductor-javascript";
import { awaitStatus, started, tasks, unique, workflows } from "./support.mjs";

const charge = () => simpleTask("charge", unique("charge"), {});

async function openTask(workflowId) {
  return (await workflows.getWorkflow(workflowId, true)).tasks[0];
}

test("a task is read, logged to and completed", async () => {
  const id = await started(charge());
  const { taskId, taskType } = await openTask(id);
  assert.equal((await tasks.getTask(taskId)).status, "SCHEDULED");
  await tasks.addTaskLog(taskId, "charged");
  const logs = (await tasks.getTaskLogs(taskId)).map((line) => line.log);
  assert.deepEqual(logs, ["charged"]);
  assert.deepEqual(await tasks.getQueueSizeForTask([taskType]), { [taskType]: 1 });
  assert.deepEqual(await tasks.getTaskPollData(taskType), []);
  assert.equal(await tasks.updateTaskResult(id, "charge", "COMPLETED", { paid: true }), taskId);
  const [task] = (await awaitStatus(id, "COMPLETED")).tasks;
  assert.deepEqual(task.outputData.outputData, { paid: true }); // so this method of the SDK sends it
});

test("a task is completed and the workflow answered", async () => {
  const id = await started(charge());
  const workflow = await tasks.updateTaskSync(id, "charge", "COMPLETED", { paid: true }, "js");
  assert.equal(workflow.status, "COMPLETED");
});

test("tasks are searched for", async () => {
  const id = await started(charge());
  const { taskId, taskType } = await openTask(id);
  const found = await tasks.search(0, 10, undefined, "*", `taskType = '${taskType}'`);
  assert.deepEqual(found.results.map((each) => each.taskId), [taskId]);
});
