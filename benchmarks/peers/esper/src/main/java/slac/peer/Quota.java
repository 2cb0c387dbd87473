package slac.peer;

import com.espertech.esper.runtime.client.EPEventService;

/** What a client may ask for. */
public final class Quota extends Event {
    private final String client;
    private final double most;

    Quota(String client, double most) {
        this.client = client;
        this.most = most;
    }

    public String getClient() {
        return client;
    }

    public double getMost() {
        return most;
    }

    @Override
    void send(EPEventService to) {
        to.sendEventBean(this, "Quota");
    }
}
