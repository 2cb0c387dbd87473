package slac.peer;

import com.espertech.esper.runtime.client.EPEventService;

/** One run of a test case of a module. */
public final class TestRun extends Event {
    private final String module;
    private final String testCase;
    private final boolean ok;

    TestRun(String module, String testCase, boolean ok) {
        this.module = module;
        this.testCase = testCase;
        this.ok = ok;
    }

    public String getModule() {
        return module;
    }

    public String getTestCase() {
        return testCase;
    }

    public boolean isOk() {
        return ok;
    }

    @Override
    void send(EPEventService to) {
        to.sendEventBean(this, "TestRun");
    }
}
