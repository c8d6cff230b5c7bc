"""The shop's workflows, and how patient it is with each task."""

from typing import Final

from dalsegno.definitions import (
    Expression,
    Step,
    Workflow,
    dynamic_fork,
    http,
    input,
    jq,
    js,
    switch,
    task,
    terminate,
    wait,
    workflow,
)
from dalsegno.models import RetryLogic, TaskDef, TimeoutPolicy
from examples.violin_shop_sdk.workers import notify_customer, validate_order, write_invoice

order: Final = input.order


def call(path: str, purpose: str, workflow_id: Expression, **body: Expression | str) -> Step:
    """Have the payment service move money, once for each workflow and purpose."""
    return http(
        f"{input.paymentService}/{path}",
        ref=purpose,
        method="POST",
        headers={"Idempotency-Key": f"{workflow_id}-{purpose}"},
        body={"order": order.id, "purpose": purpose, **body},
    )


def charge(purpose: str, amount: Expression) -> Step:
    """Ask for money."""
    step = call("charges", purpose, workflow.workflowId, card=order.card, amount=amount)
    return step.with_options(name="charge_card")


def unless_declined(payment: Step) -> Step:
    """End the workflow if a payment is declined."""
    answer, what = payment.output.response.body, payment.ref
    reason = f"{what.capitalize()} declined: {answer.reason}"
    give_up = terminate("FAILED", ref=f"{what}_declined", reason=reason)
    cases = {"declined": give_up.with_options(name="give_up")}
    paid = switch(answer.status, cases, ref=f"{what}_paid", parameter="status")
    return paid.with_options(name=f"is_{what}_paid")


validate: Final = task(
    validate_order, ref="validate", instrument=order.instrument, parts=order.parts
)
deposit: Final = charge("deposit", validate.output.deposit)
luthier: Final = wait(ref="luthier").with_inputs(wishes=order.wishes)
plan: Final = jq(
    '.order as $order | def ref: gsub(" "; "_"); '
    '{ tasks: [.parts[] | { name: "source_part", taskReferenceName: ref, type: "SIMPLE" }], '
    "inputs: [.parts[] | { key: ref, value: { part: ., order_id: $order } }] | from_entries }",
    ref="plan_parts",
    order=order.id,
    parts=order.parts,
)
parts: Final = dynamic_fork(
    plan.output.result.tasks, plan.output.result.inputs, ref="source_parts", join_ref="parts"
)
total: Final = jq(
    ". as $in | ([.parts[].price] | add) + .labour | { total: ., balance: (. - $in.deposit) }",
    ref="sum",
    parts=parts.output,
    labour=validate.output.labour,
    deposit=validate.output.deposit,
).with_options(name="add_up")
invoice: Final = task(
    write_invoice, ref="invoice", order_id=order.id, total=total.output.result.total
)
balance: Final = charge("balance", total.output.result.balance)
refund: Final = call(
    "refunds", "refund", input.workflowId, charge=f"{input.workflowId}-deposit"
).with_options(name="refund_card")

ORDER_PROCESSING: Final = Workflow(
    "order_processing",
    validate,
    deposit,
    unless_declined(deposit),
    switch(
        js("$.wishes ? 'custom' : 'standard'", wishes=order.wishes),
        {"custom": luthier.with_options(name="wait_for_the_luthier")},
        ref="customization",
    ).with_options(name="is_custom"),
    plan,
    parts,
    total,
    invoice,
    balance,
    unless_declined(balance),
    task(
        notify_customer,
        ref="notify",
        customer=order.customer,
        text=f"Your {order.instrument} is ready, invoice {invoice.output.number} is paid",
    ),
    description="From a customer's order to an instrument that is paid for",
    owner_email="luthier@example.com",
    input_parameters=["order", "paymentService"],
    failure_workflow="refund_order",
    output={
        "invoice": invoice.output.number,
        "total": total.output.result.total,
        "parts": parts.output,
        "luthier": luthier.output.note,
    },
)
REFUND_ORDER: Final = Workflow(
    "refund_order",
    refund,
    task(
        notify_customer,
        ref="apologize",
        customer=order.customer,
        text=f"We are sorry, and your deposit is on its way back. {input.reason}",
    ),
    description="Runs when an order fails: whatever was paid goes back, and the customer hears why",
    owner_email="luthier@example.com",
    input_parameters=["order", "paymentService", "workflowId", "reason"],
    output={"refunded": refund.output.response.body.amount, "reason": input.reason},
)


def patience(name: str, description: str, retries: int = 8, **fields: object) -> TaskDef:
    """Return how often, and after how long, a task is tried again."""
    usual = {"retry_delay_seconds": 1, "timeout_seconds": 60, "response_timeout_seconds": 20}
    told = {"name": name, "description": description, "retry_count": retries, **usual, **fields}
    return TaskDef.model_validate({**told, "timeout_policy": TimeoutPolicy.RETRY})


PAYMENT: Final = {
    "timeout_seconds": 30,
    "response_timeout_seconds": 10,
    "rate_limit_per_frequency": 5,
    "rate_limit_frequency_in_seconds": 1,
}
BACK_OFF: Final = {"retry_logic": RetryLogic.EXPONENTIAL_BACKOFF}
TASKS: Final = (
    patience("validate_order", "Checks that we can build it and says what it takes"),
    patience(
        "charge_card",
        "Asks the payment service for money: patiently, and never faster than it allows",
        **PAYMENT,
    ),
    patience(
        "refund_card",
        "Gives money back, however long it takes",
        20,
        max_retry_delay_seconds=60,
        **PAYMENT,
        **BACK_OFF,
    ),
    patience("source_part", "Takes one part from its supplier", timeout_seconds=120),
    patience("write_invoice", "Gives the invoice its number"),
    patience(
        "notify_customer",
        "Writes to the customer; gives the mail server ever more time to recover",
        5,
        max_retry_delay_seconds=30,
        **BACK_OFF,
    ),
)
