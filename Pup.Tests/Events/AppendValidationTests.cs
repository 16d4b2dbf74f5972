using System.Diagnostics;
using Pup.Client.Events;
using static Pup.Tests.Events.EventStoreFixture;

namespace Pup.Tests.Events;

public sealed class AppendValidationTests
{
    [Fact]
    public void An_empty_append_is_refused() => Refused([], "No events to append to Sales/Order 'o1'");

    [Theory]
    [InlineData("", "Order", "o1", "boundedContext")]
    [InlineData("Sales", "", "o1", "aggregateType")]
    [InlineData("Sales", "Order", "", "aggregateId")]
    [InlineData("Sales", "Order", "a\0b", "aggregateId")]
    [InlineData("Sales\0", "Order", "o1", "boundedContext")]
    public void An_aggregate_without_a_full_and_storable_name_is_refused(string context, string type, string id, string parameter)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => AppendValidation.Check(new AggregateKey(context, type, id), [An()]));

        Assert.Equal(parameter, error.ParamName);
    }

    [Theory]
    [InlineData("not json", "is not JSON")]
    [InlineData("", "is not JSON")]
    [InlineData("[1]", "not a JSON object but a Array")]
    [InlineData("{\"a\":\"\\u0000\"}", "escaped NUL")]
    [InlineData("{\"a\":[{\"\\u0000\":1}]}", "escaped NUL")]
    [InlineData("{\"a\":\"\\ud800\"}", "surrogate")]
    public void Metadata_that_jsonb_would_refuse_is_refused_with_the_events_number(string metadata, string problem)
    {
        Refused([An(), An() with { Metadata = metadata }], "Event 1 of the append");
        Refused([An() with { Metadata = metadata }], problem);
    }

    [Fact]
    public void Events_that_cannot_be_stored_are_refused_by_field()
    {
        Refused([An("")], "has no event type");
        Refused([An() with { EventVersion = 0 }], "event version 0");
        Refused([An("a\0")], "event type with a NUL");
        Refused([An() with { TraceId = "\0" }], "trace id with a NUL");
        Refused([An() with { CorrelationId = "\ud800" }], "correlation id");
        Refused([An() with { CausationId = "x\0" }], "causation id");
        Refused([null!], "is null");
    }

    [Fact]
    public void Deeply_nested_metadata_is_fine() =>
        AppendValidation.Check(new("Sales", "Order", "o1"), [An() with { Metadata = string.Concat(Enumerable.Repeat("{\"a\":", 200)) + "1" + new string('}', 200) }]);

    [Fact]
    public void A_negative_exact_version_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => ExpectedVersion.Exact(-1));

    [Fact]
    public void Expected_versions_read_well()
    {
        Assert.Equal(["Any", "NoStream", "NoStream", "Exact(7)", "NoStream"],
            new[] { ExpectedVersion.Any, ExpectedVersion.NoStream, ExpectedVersion.Exact(0), ExpectedVersion.Exact(7), default }.Select(expected => expected.ToString()));
    }

    [Fact]
    public void Ids_come_from_the_event_else_from_the_activity_and_its_baggage()
    {
        using var activity = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).AddBaggage("correlation.id", "corr-1").Start();

        Assert.Equal(new CausalIds(activity.TraceId.ToHexString(), "corr-1", activity.SpanId.ToHexString()), CausalIds.Of(An(), activity));
        Assert.Equal(
            new CausalIds("t", "c", "cause"),
            CausalIds.Of(An() with { TraceId = "t", CorrelationId = "c", CausationId = "cause" }, activity));
        activity.AddBaggage("causation.id", "command-7");
        Assert.Equal("command-7", CausalIds.Of(An(), activity).CausationId);
        Assert.Equal(default, CausalIds.Of(An(), activity: null));
    }

    [Fact]
    public void Baggage_that_could_make_the_append_fail_is_passed_over()
    {
        using var activity = new Activity("test").SetIdFormat(ActivityIdFormat.W3C).Start();
        activity.AddBaggage("correlation.id", "a\0b");
        Assert.Null(CausalIds.Of(An(), activity).CorrelationId);

        activity.SetBaggage("correlation.id", new string('x', 5000));
        Assert.Null(CausalIds.Of(An(), activity).CorrelationId);
    }

    private static void Refused(IReadOnlyList<Event> events, string problem)
    {
        var error = Assert.ThrowsAny<ArgumentException>(() => AppendValidation.Check(new("Sales", "Order", "o1"), events));
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
    }
}
