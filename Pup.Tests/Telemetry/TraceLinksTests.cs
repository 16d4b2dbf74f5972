using System.Globalization;
using Pup.Client.Events;
using Pup.Grains.Partitions;
using Pup.Grains.Telemetry;

namespace Pup.Tests.Telemetry;

public sealed class TraceLinksTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Span = "b7ad6b7169203331";

    [Theory]
    [InlineData(Trace, Span, Trace, Span)]
    [InlineData("0AF7651916CD43DD8448EB211C80319C", "B7AD6B7169203331", Trace, Span)]
    [InlineData(Trace, "order-4711", Trace, "0000000000000000")]
    [InlineData(Trace, null, Trace, "0000000000000000")]
    [InlineData("00-" + Trace + "-" + Span + "-01", "order-4711", Trace, Span)]
    public void Ids_of_events_are_read_whoever_wrote_them(string traceId, string? causationId, string trace, string span)
    {
        var context = TraceLinks.ContextOf(EventOf(1, traceId, causationId));
        Assert.Equal((trace, span), (context?.TraceId.ToHexString(), context?.SpanId.ToHexString()));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("request 17")]
    [InlineData("00000000000000000000000000000000")]
    [InlineData("0af7651916cd43dd8448eb211c80319g")]
    [InlineData("00-" + Trace + "-0000000000000000-01")]
    [InlineData("|a000b421-5d183ab6-and-what-else-.NET-had-once")]
    public void What_is_no_trace_makes_no_link(string? traceId) => Assert.Null(TraceLinks.ContextOf(EventOf(1, traceId, Span)));

    [Fact]
    public void Each_trace_is_linked_once_and_there_are_not_more_than_a_span_may_have()
    {
        Assert.Equal([Trace], TraceLinks.Of([.. Enumerable.Range(1, 10).Select(i => Item(i, i % 2 == 0 ? Trace : null, Span))]).Select(link => link.Context.TraceId.ToHexString()));
        var many = TraceLinks.Of([.. Enumerable.Range(1, 500).Select(i => Item(i, i.ToString("x32", CultureInfo.InvariantCulture), Span))]);
        Assert.Equal(TraceLinks.Limit, many.Count);
        Assert.Equal("00000000000000000000000000000001", many[0].Context.TraceId.ToHexString());
    }

    private static WorkItem Item(long position, string? traceId, string? causationId) => new(EventOf(position, traceId, causationId), "a", 0);

    private static PersistedEvent EventOf(long position, string? traceId, string? causationId) => new()
    {
        GlobalPosition = position,
        BoundedContext = "Test",
        AggregateType = "Thing",
        AggregateId = "a",
        AggregateVersion = position,
        EventId = Guid.NewGuid(),
        EventType = "Happened",
        EventVersion = 1,
        Payload = Array.Empty<byte>(),
        TraceId = traceId,
        CausationId = causationId,
        CreatedAt = DateTimeOffset.UnixEpoch,
    };
}
