package slac.peer;

import com.espertech.esper.common.client.EPCompiled;
import com.espertech.esper.common.client.configuration.Configuration;
import com.espertech.esper.common.client.util.EventUnderlyingType;
import com.espertech.esper.compiler.client.CompilerArguments;
import com.espertech.esper.compiler.client.EPCompilerProvider;
import com.espertech.esper.runtime.client.EPDeployment;
import com.espertech.esper.runtime.client.EPRuntime;
import com.espertech.esper.runtime.client.EPRuntimeProvider;
import com.espertech.esper.runtime.client.EPStatement;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A runtime of Esper whose clock is moved by the events' own times, in µs. */
final class Engine {
    private static final List<Class<? extends Event>> BEANS =
            List.of(Request.class, Quota.class, Step.class, TestRun.class);

    /** Half a millisecond. */
    private static final long HALF = 500;

    private final EPRuntime runtime;
    private final EPStatement out;
    private final long step;
    private final boolean ticks;
    private final boolean flush;
    private long edge;

    /**
     * One deployment for all passes, so that what was compiled for it stays compiled. `start` (µs) is a multiple of
     * `step`, at which windows end; an EPL text with a type Tick is told each of them.
     */
    Engine(String epl, long start, long step) throws Exception {
        this.step = step;
        ticks = epl.contains("schema Tick");
        flush = epl.contains("_batch(");
        edge = start + step;
        Configuration configuration = new Configuration();
        // An EPL text that says itself what a Request is (JSON) brings its own type.
        BEANS.stream()
                .filter(bean -> !epl.contains("schema " + bean.getSimpleName()))
                .forEach(bean -> configuration.getCommon().addEventType(bean));
        configuration.getCommon().getTimeSource().setTimeUnit(TimeUnit.MICROSECONDS);
        configuration.getCommon().getEventMeta().setDefaultEventRepresentation(EventUnderlyingType.OBJECTARRAY);
        configuration.getRuntime().getThreading().setInternalTimerEnabled(false);
        configuration.getRuntime().getThreading().setListenerDispatchPreserveOrder(false);
        configuration.getRuntime().getThreading().setInsertIntoDispatchPreserveOrder(false);
        runtime = EPRuntimeProvider.getRuntime("peer", configuration);
        runtime.getEventService().clockExternal();
        runtime.getEventService().advanceTime(start);
        EPCompiled compiled = EPCompilerProvider.getCompiler().compile(epl, new CompilerArguments(configuration));
        EPDeployment deployed = runtime.getDeploymentService().deploy(compiled);
        out = runtime.getDeploymentService().getStatement(deployed.getDeploymentId(), "out");
        if (epl.contains("output snapshot every")) {
            // Such an output counts its seconds from the first event: one is sent long before, on the edge of a window.
            send(start);
        }
    }

    /** Where the rows of the statement `out` go. */
    void to(Sink sink) {
        out.removeAllListeners();
        out.addListener((rows, old, statement, of) -> {
            if (rows != null) {
                sink.take(rows);
            }
        });
    }

    /**
     * Sends all events, each half a millisecond behind its instant: so a window that ends at t is closed by the clock
     * before, and half-open like everybody else's. Then the clock goes on for `span` until all has been said.
     */
    void feed(Event[] events, long span) {
        var service = runtime.getEventService();
        long now = Long.MIN_VALUE;
        for (Event event : events) {
            if (event.timestamp != now) {
                now = event.timestamp;
                if (now >= edge) {
                    cross(now);
                }
                service.advanceTime(now + HALF);
            }
            event.send(service);
        }
        if (flush) {
            flush();
        }
        cross(now + span);
    }

    /** A view that only events move on says its last batch when one of the next window has come. */
    private void flush() {
        runtime.getEventService().advanceTime(edge + HALF);
        send(edge);
    }

    private void send(long at) {
        Request nobody = new Request("", 200, 0);
        nobody.timestamp = at;
        nobody.send(runtime.getEventService());
    }

    /** Goes on to `instant` while nobody listens. */
    void pass(long instant) {
        out.removeAllListeners();
        cross(instant);
    }

    /** Stops at each edge on the way, so that what is due there is said with that time. */
    private void cross(long until) {
        for (; edge <= until; edge += step) {
            if (edge > runtime.getEventService().getCurrentTime()) {
                runtime.getEventService().advanceTime(edge);
            }
            if (ticks) {
                runtime.getEventService().sendEventObjectArray(new Object[] {edge}, "Tick");
            }
        }
    }
}
