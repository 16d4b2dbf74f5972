using System.Diagnostics;
using Pup.Grains.Partitions;

namespace Pup.Grains.Telemetry;

/// <summary>
/// A span for each batch of one partition: from its handlers, which may run while the batch before it commits, to its commit. Nothing of an
/// event is in it but where it stands in the log.
/// </summary>
internal sealed class BatchSpans(string projection, int partition)
{
    public const string SourceName = "Pup";

    private static readonly ActivitySource _source = new(SourceName);

    private readonly string _name = $"{projection}/{partition} batch";

    /// <summary>The batch's span is the current one, started if need be, until what is returned is disposed, which ends it.</summary>
    public Scope Apply(EventBatch batch) => Enter(batch, ends: true);

    /// <summary>As <see cref="Apply"/> for handlers that run ahead: their span goes on until the batch is applied.</summary>
    public Scope RunAhead(EventBatch batch) => Enter(batch, ends: false);

    /// <summary>A span below the batch's for the round trip that commits it.</summary>
    /// <returns>To be disposed when the answer is there; null if nobody traces the batch.</returns>
    public static Activity? Commit(int statements) => Activity.Current is { IsAllDataRequested: true, Source: var source } && source == _source
        ? _source.StartActivity("commit", ActivityKind.Client)?.SetTag("db.system.name", "postgresql").SetTag("db.operation.batch.size", statements)
        : null;

    /// <summary>Notes that an attempt failed; without the cause's own words, which may quote what they failed at.</summary>
    public static void Failed(EventBatch batch, Exception? cause)
    {
        if (batch.Span is not { IsAllDataRequested: true } span)
            return;
        var type = cause is Npgsql.PostgresException { SqlState: var state } ? state : cause?.GetType().FullName ?? "unknown";
        span.SetStatus(ActivityStatusCode.Error, type).AddEvent(new ActivityEvent("attempt failed", tags: new() { ["error.type"] = type }));
    }

    /// <summary>Whatever failed before, the batch went through in the end.</summary>
    public static void Applied(EventBatch batch)
    {
        if (batch.Span is { Status: ActivityStatusCode.Error } span)
            span.SetStatus(ActivityStatusCode.Unset);
    }

    private Scope Enter(EventBatch batch, bool ends)
    {
        var outer = Activity.Current;
        if (batch.Span is not null)
            Activity.Current = batch.Span;
        else if (_source.HasListeners())
            batch.Span = Start(batch);
        return new Scope(outer, ends ? batch.Span : null);
    }

    private Activity? Start(EventBatch batch)
    {
        // It belongs to no other span: a batch has as many causes as events.
        Activity.Current = null;
        var span = _source.StartActivity(_name, ActivityKind.Consumer, parentContext: default, tags: null, TraceLinks.Of(batch.Items));
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag("pup.projection", projection)
                .SetTag("pup.partition", partition)
                .SetTag("pup.events", batch.Items.Count)
                .SetTag("pup.from", batch.Items[0].Event.GlobalPosition)
                .SetTag("pup.up_to", batch.UpTo);
        }

        return span;
    }

    /// <summary>Makes the span current that was.</summary>
    public readonly struct Scope(Activity? outer, Activity? ended) : IDisposable
    {
        public void Dispose()
        {
            ended?.Stop();
            Activity.Current = outer;
        }
    }
}
