package slac.peer;

import com.espertech.esper.runtime.client.EPEventService;

/** A step of an order. */
public final class Step extends Event {
    private final String orderId;
    private final String kind;

    Step(String orderId, String kind) {
        this.orderId = orderId;
        this.kind = kind;
    }

    public String getOrderId() {
        return orderId;
    }

    public String getKind() {
        return kind;
    }

    @Override
    void send(EPEventService to) {
        to.sendEventBean(this, "Step");
    }
}
