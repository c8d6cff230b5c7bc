"""The violin shop's workflow, as somebody would write it with the builder."""

from pathlib import Path

from dalsegno.definitions import (
    Expression,
    Step,
    Workflow,
    dynamic_fork,
    http,
    input,
    jq,
    js,
    load,
    switch,
    task,
    terminate,
    wait,
    workflow,
)

DEFINITION = Path(__file__).parents[4] / "examples" / "violin_shop" / "order_processing.json"

order = input.order


def charge(purpose: str, amount: Expression) -> Step:
    return http(
        f"{input.paymentService}/charges",
        ref=purpose,
        method="POST",
        headers={"Idempotency-Key": f"{workflow.workflowId}-{purpose}"},
        body={"order": order.id, "purpose": purpose, "card": order.card, "amount": amount},
    ).with_options(name="charge_card")


def unless_declined(payment: Step) -> Step:
    answer = payment.output.response.body
    give_up = terminate(
        "FAILED",
        ref=f"{payment.ref}_declined",
        reason=f"{payment.ref.capitalize()} declined: {answer.reason}",
    ).with_options(name="give_up")
    return switch(
        answer.status, {"declined": give_up}, ref=f"{payment.ref}_paid", parameter="status"
    ).with_options(name=f"is_{payment.ref}_paid")


def test_builder_says_the_same_as_the_json() -> None:
    validate = task(
        "validate_order", ref="validate", instrument=order.instrument, parts=order.parts
    )
    deposit = charge("deposit", validate.output.deposit)
    luthier = wait(ref="luthier").with_inputs(wishes=order.wishes)
    plan = jq(
        '.order as $order | def ref: gsub(" "; "_"); '
        '{ tasks: [.parts[] | { name: "source_part", taskReferenceName: ref, type: "SIMPLE" }], '
        "inputs: [.parts[] | { key: ref, value: { part: ., order_id: $order } }] | from_entries }",
        ref="plan_parts",
        order=order.id,
        parts=order.parts,
    )
    parts = dynamic_fork(
        plan.output.result.tasks, plan.output.result.inputs, ref="source_parts", join_ref="parts"
    )
    total = jq(
        ". as $in | ([.parts[].price] | add) + .labour | { total: ., balance: (. - $in.deposit) }",
        ref="sum",
        parts=parts.output,
        labour=validate.output.labour,
        deposit=validate.output.deposit,
    ).with_options(name="add_up")
    invoice = task(
        "write_invoice", ref="invoice", order_id=order.id, total=total.output.result.total
    )
    balance = charge("balance", total.output.result.balance)
    text = f"Your {order.instrument} is ready, invoice {invoice.output.number} is paid"

    flow = Workflow(
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
        task("notify_customer", ref="notify", customer=order.customer, text=text),
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

    assert flow.definition() == load(DEFINITION)
