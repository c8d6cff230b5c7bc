BEGIN TRANSACTION;
CREATE TABLE arrivals (
        workflow_id TEXT NOT NULL,
        join_ref TEXT NOT NULL,
        shard TEXT NOT NULL,
        member INTEGER NOT NULL,
        flagged INTEGER NOT NULL,
        PRIMARY KEY (workflow_id, join_ref, shard, member)
    ) WITHOUT ROWID
    ;
INSERT INTO "arrivals" VALUES('w-full','join','',3,1);
CREATE TABLE attempts (
        workflow_id TEXT NOT NULL,
        ref TEXT NOT NULL,
        task_id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (workflow_id, ref, task_id)
    );
INSERT INTO "attempts" VALUES('w-full','plain','w-full.plain.0','{"workflow_id":"w-full","ref":"plain","base_ref":"plain","task_id":"w-full.plain.0","task_type":"plain","name":"plain","status":"FAILED","sequence":1,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000,"reason":"why"}');
CREATE TABLE documents (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        revision TEXT NOT NULL,
        expires_at INTEGER,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    );
INSERT INTO "documents" VALUES('event-handler','h','82c9dbe205d049fc8da5d937aa53f112',NULL,'{"name":"h"}');
CREATE TABLE logs (
        log_id INTEGER PRIMARY KEY,
        workflow_id TEXT NOT NULL,
        task_id TEXT NOT NULL,
        document TEXT NOT NULL
    );
INSERT INTO "logs" VALUES(1,'w-full','w-full.plain.0','{"log":"one line","taskId":"w-full.plain.0","createdTime":1750000000000}');
CREATE TABLE messages (
        message_id INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        priority INTEGER NOT NULL,
        body TEXT NOT NULL,
        hidden_until INTEGER,
        receipt INTEGER,
        delivery_count INTEGER NOT NULL
    );
CREATE TABLE named_values (
        kind TEXT NOT NULL,
        name TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, name)
    ) WITHOUT ROWID
    ;
CREATE TABLE polls (
        queue_name TEXT NOT NULL,
        domain TEXT NOT NULL,
        worker_id TEXT NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (queue_name, domain, worker_id)
    );
INSERT INTO "polls" VALUES('charge','eu','w','{"queueName":"charge","domain":"eu","workerId":"w","lastPollTime":1750000000000}');
CREATE TABLE queues (name TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE slots (
        name TEXT NOT NULL,
        task_id TEXT NOT NULL,
        until INTEGER NOT NULL,
        PRIMARY KEY (name, task_id)
    ) WITHOUT ROWID
    ;
INSERT INTO "slots" VALUES('charge','w-full.plain.0',1750000000009);
CREATE TABLE snapshots (content_hash TEXT NOT NULL PRIMARY KEY, body BLOB NOT NULL);
INSERT INTO "snapshots" VALUES('abc',X'7B7D');
CREATE TABLE starts (name TEXT NOT NULL, started_at INTEGER NOT NULL);
INSERT INTO "starts" VALUES('charge',1750000000000);
CREATE TABLE task_defs (name TEXT NOT NULL PRIMARY KEY, document TEXT NOT NULL);
INSERT INTO "task_defs" VALUES('charge','{"createTime":0,"updateTime":0,"name":"charge","retryCount":2,"timeoutSeconds":0,"inputKeys":[],"outputKeys":[],"runtimeMetadata":[],"timeoutPolicy":"TIME_OUT_WF","retryLogic":"FIXED","retryDelaySeconds":60,"responseTimeoutSeconds":3600,"inputTemplate":{},"rateLimitPerFrequency":0,"rateLimitFrequencyInSeconds":1,"backoffScaleFactor":1,"maxRetryDelaySeconds":0,"backoffJitterMs":0,"totalTimeoutSeconds":0,"taskStatusListenerEnabled":true,"enforceSchema":false}');
CREATE TABLE tasks (
        workflow_id TEXT NOT NULL,
        ref TEXT NOT NULL,
        base_ref TEXT NOT NULL,
        iterations TEXT NOT NULL,
        task_id TEXT NOT NULL,
        revision INTEGER NOT NULL,
        sequence INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (workflow_id, ref)
    );
INSERT INTO "tasks" VALUES('w-full','plain','plain','','w-full.plain.0',0,1,'{"workflow_id":"w-full","ref":"plain","base_ref":"plain","task_id":"w-full.plain.0","task_type":"plain","name":"plain","status":"SCHEDULED","sequence":1,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','full__2','full','0000000002','w-full.2.1.ZnVsbA',3,4,'{"workflow_id":"w-full","ref":"full__2","base_ref":"full","iterations":[2],"task_id":"w-full.2.1.ZnVsbA","revision":3,"task_type":"HTTP","name":"call","status":"SCHEDULED","sequence":4,"position":5,"retry_count":1,"input":{"order":7,"key":"${workflow.secrets.KEY}"},"scheduled_at":1750000000000,"first_scheduled_at":1749999999999,"started_at":1750000000001,"ended_at":1750000000002,"updated_at":1750000000003,"start_delay_seconds":4,"callback_after_seconds":5,"poll_count":6,"worker_id":"worker-1","domain":"eu","reason":"why","retried_task_id":"t1","sub_workflow_id":"w5","turn":7,"wait_until":1750000000008,"node":{"name":"call"},"root":"fan","membership":["join",4,5],"cache_key":"ck","unpublished":["1.IN_PROGRESS"],"ends_workflow":true,"external_output_path":"external/out","external_input_path":"external/in","take_overs":2,"output_ref":["w1/abc",70000,[[["key"],[[0,23]]]]],"secrets":[[["input","key"],[[0,23]]]]}');
INSERT INTO "tasks" VALUES('w-full','is_scheduled','is_scheduled','','w-full.is_scheduled.0',0,10,'{"workflow_id":"w-full","ref":"is_scheduled","base_ref":"is_scheduled","task_id":"w-full.is_scheduled.0","task_type":"is_scheduled","name":"is_scheduled","status":"SCHEDULED","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_in_progress','is_in_progress','','w-full.is_in_progress.0',0,10,'{"workflow_id":"w-full","ref":"is_in_progress","base_ref":"is_in_progress","task_id":"w-full.is_in_progress.0","task_type":"is_in_progress","name":"is_in_progress","status":"IN_PROGRESS","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_completed','is_completed','','w-full.is_completed.0',0,10,'{"workflow_id":"w-full","ref":"is_completed","base_ref":"is_completed","task_id":"w-full.is_completed.0","task_type":"is_completed","name":"is_completed","status":"COMPLETED","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_completed_with_errors','is_completed_with_errors','','w-full.is_completed_with_errors.0',0,10,'{"workflow_id":"w-full","ref":"is_completed_with_errors","base_ref":"is_completed_with_errors","task_id":"w-full.is_completed_with_errors.0","task_type":"is_completed_with_errors","name":"is_completed_with_errors","status":"COMPLETED_WITH_ERRORS","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_skipped','is_skipped','','w-full.is_skipped.0',0,10,'{"workflow_id":"w-full","ref":"is_skipped","base_ref":"is_skipped","task_id":"w-full.is_skipped.0","task_type":"is_skipped","name":"is_skipped","status":"SKIPPED","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_failed','is_failed','','w-full.is_failed.0',0,10,'{"workflow_id":"w-full","ref":"is_failed","base_ref":"is_failed","task_id":"w-full.is_failed.0","task_type":"is_failed","name":"is_failed","status":"FAILED","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_timed_out','is_timed_out','','w-full.is_timed_out.0',0,10,'{"workflow_id":"w-full","ref":"is_timed_out","base_ref":"is_timed_out","task_id":"w-full.is_timed_out.0","task_type":"is_timed_out","name":"is_timed_out","status":"TIMED_OUT","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_failed_with_terminal_error','is_failed_with_terminal_error','','w-full.is_failed_with_terminal_error.0',0,10,'{"workflow_id":"w-full","ref":"is_failed_with_terminal_error","base_ref":"is_failed_with_terminal_error","task_id":"w-full.is_failed_with_terminal_error.0","task_type":"is_failed_with_terminal_error","name":"is_failed_with_terminal_error","status":"FAILED_WITH_TERMINAL_ERROR","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
INSERT INTO "tasks" VALUES('w-full','is_canceled','is_canceled','','w-full.is_canceled.0',0,10,'{"workflow_id":"w-full","ref":"is_canceled","base_ref":"is_canceled","task_id":"w-full.is_canceled.0","task_type":"is_canceled","name":"is_canceled","status":"CANCELED","sequence":10,"scheduled_at":1750000000000,"first_scheduled_at":1750000000000}');
CREATE TABLE workflow_defs (
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (name, version)
    );
INSERT INTO "workflow_defs" VALUES('order',2,'{"createTime":0,"updateTime":0,"name":"order","version":2,"tasks":[{"name":"a","taskReferenceName":"a","inputParameters":{},"type":"SIMPLE","decisionCases":{},"defaultCase":[],"forkTasks":[],"startDelay":0,"joinOn":[],"optional":false,"permissive":false,"defaultExclusiveJoinTask":[],"asyncComplete":false,"loopOver":[],"onStateChange":{},"metadata":{}}],"inputParameters":[],"outputParameters":{},"schemaVersion":2,"restartable":true,"workflowStatusListenerEnabled":false,"timeoutPolicy":"ALERT_ONLY","timeoutSeconds":0,"variables":{},"inputTemplate":{},"enforceSchema":true,"metadata":{},"maskedFields":[]}');
CREATE TABLE workflows (
        workflow_id TEXT NOT NULL PRIMARY KEY,
        revision INTEGER NOT NULL,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        status TEXT NOT NULL,
        correlation_id TEXT,
        parent_workflow_id TEXT,
        created_at INTEGER NOT NULL,
        ended_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL,
        wake_at INTEGER,
        wake_interval_ms INTEGER NOT NULL,
        document TEXT NOT NULL
    );
INSERT INTO "workflows" VALUES('w-plain',0,'order',1,'RUNNING',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-plain","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"RUNNING","created_at":1750000000000,"updated_at":1750000000000}');
INSERT INTO "workflows" VALUES('w-full',7,'order',1,'RUNNING','c1','w0',1750000000000,1750000000001,1750000000000,1750000060000,60000,'{"workflow_id":"w-full","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"RUNNING","revision":7,"run":2,"input":{"order":7,"key":"${workflow.secrets.KEY}"},"variables":{"total":1.5},"created_at":1750000000000,"updated_at":1750000000000,"ended_at":1750000000001,"last_retried_at":1750000000002,"correlation_id":"c1","priority":9,"task_to_domain":{"*":"eu"},"created_by":"ann","owner_app":"shop","idempotency_key":"k1","event":"sqs:orders","parent_workflow_id":"w0","parent_task_id":"t0","depth":1,"generation":2,"followers":["t1","t2"],"rerun_from_workflow_id":"w9","external_input_path":"external/in","reason":"why","failed_task_id":"t3","failed_refs":["a","b"],"rate_limit_key":"eu","rate_limited":true,"operation":["rerun",{"task":"a"}],"unpublished":[".3.RUNNING"],"closing":true,"archived":true,"classifier":"agent","masks_payloads":true,"applied_actions":["c","d"],"output_ref":["w1/abc",70000,[[["key"],[[0,23]]]]],"secrets":[[["input","key"],[[0,23]]]]}');
INSERT INTO "workflows" VALUES('w-running',0,'order',1,'RUNNING',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-running","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"RUNNING","input":{"text":"words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words "},"created_at":1750000000000,"updated_at":1750000000000}');
INSERT INTO "workflows" VALUES('w-completed',0,'order',1,'COMPLETED',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-completed","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"COMPLETED","input":{"text":"words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words "},"created_at":1750000000000,"updated_at":1750000000000}');
INSERT INTO "workflows" VALUES('w-failed',0,'order',1,'FAILED',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-failed","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"FAILED","input":{"text":"words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words "},"created_at":1750000000000,"updated_at":1750000000000}');
INSERT INTO "workflows" VALUES('w-timed_out',0,'order',1,'TIMED_OUT',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-timed_out","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"TIMED_OUT","input":{"text":"words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words "},"created_at":1750000000000,"updated_at":1750000000000}');
INSERT INTO "workflows" VALUES('w-terminated',0,'order',1,'TERMINATED',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-terminated","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"TERMINATED","input":{"text":"words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words "},"created_at":1750000000000,"updated_at":1750000000000}');
INSERT INTO "workflows" VALUES('w-paused',0,'order',1,'PAUSED',NULL,NULL,1750000000000,0,1750000000000,NULL,0,'{"workflow_id":"w-paused","name":"order","version":1,"definition_hash":"0000000000000000000000000000000000000000000000000000000000000000","status":"PAUSED","input":{"text":"words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words words "},"created_at":1750000000000,"updated_at":1750000000000}');
CREATE INDEX workflows_due ON workflows(wake_at, workflow_id) WHERE wake_at IS NOT NULL;
CREATE INDEX workflows_by_start ON workflows(created_at, workflow_id);
CREATE INDEX workflows_by_name ON workflows(name, created_at, workflow_id);
CREATE INDEX workflows_by_status ON workflows(status, created_at, workflow_id);
CREATE INDEX workflows_by_end ON workflows(ended_at, workflow_id) WHERE ended_at > 0;
CREATE INDEX workflows_by_correlation ON workflows(correlation_id, created_at, workflow_id)
    WHERE correlation_id IS NOT NULL
    ;
CREATE INDEX workflows_by_parent ON workflows(parent_workflow_id, created_at, workflow_id)
    WHERE parent_workflow_id IS NOT NULL
    ;
CREATE INDEX tasks_by_iteration ON tasks(workflow_id, base_ref, iterations)
    WHERE ref <> base_ref
    ;
CREATE INDEX messages_ready ON messages(queue, priority DESC, message_id)
    WHERE hidden_until IS NULL
    ;
CREATE INDEX messages_hidden ON messages(queue, hidden_until)
    WHERE hidden_until IS NOT NULL
    ;
CREATE INDEX starts_by_time ON starts(name, started_at);
CREATE INDEX logs_by_task ON logs(workflow_id, task_id, log_id);
CREATE INDEX documents_by_expiry ON documents(expires_at) WHERE expires_at IS NOT NULL;
COMMIT;
PRAGMA user_version = 2;
