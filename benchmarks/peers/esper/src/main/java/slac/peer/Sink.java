package slac.peer;

import com.espertech.esper.common.client.EventBean;
import java.io.PrintWriter;

/** Takes rows: writes them as CSV, or (where it is timed) only looks at each. */
final class Sink {
    private final PrintWriter writer;
    long looked;

    Sink(PrintWriter writer) {
        this.writer = writer;
    }

    void take(EventBean[] rows) {
        for (EventBean row : rows) {
            Object[] values = (Object[]) row.getUnderlying();
            looked += values.length;
            if (writer != null) {
                write(values);
            }
        }
    }

    private void write(Object[] values) {
        for (int i = 0; i < values.length; i++) {
            if (i > 0) {
                writer.print(',');
            }
            if (values[i] != null) {
                writer.print(values[i]);
            }
        }
        writer.print('\n');
    }
}
