using System.Collections.Concurrent;
using Pup.Client.Events;
using Pup.Grains.Feed;
using Pup.Grains.Projections;

namespace Pup.Tests.Feed;

/// <summary>A log of one event a position, read only when the test says so.</summary>
internal sealed class ScriptedReader : IPageReader
{
    private readonly ConcurrentQueue<TaskCompletionSource> _gates = new();

    /// <summary>Bytes of every event.</summary>
    public int EventBytes { get; set; } = 100;

    /// <summary>Every how many positions there is an event.</summary>
    public int Every { get; set; } = 1;

    /// <summary>Whether reads wait for <see cref="Release"/>.</summary>
    public bool Gated { get; set; }

    public ConcurrentQueue<(long After, long Bound)> Reads { get; } = new();

    public void Release(Exception? failure = null)
    {
        Assert.True(_gates.TryDequeue(out var gate));
        if (failure is null)
            gate.SetResult();
        else
            gate.SetException(failure);
    }

    public async Task<PageRead> ReadAsync(ProjectionScope scope, long after, long bound, long byteLimit, CancellationToken cancellationToken)
    {
        if (Gated)
        {
            var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _gates.Enqueue(gate);
            Reads.Enqueue((after, bound));
            await gate.Task.WaitAsync(cancellationToken);
        }
        else
        {
            Reads.Enqueue((after, bound));
        }

        var events = new List<FeedEvent>();
        var bytes = 0L;
        for (var position = after + 1; position <= bound; position++)
        {
            if (position % Every != 0)
                continue;
            events.Add(new FeedEvent(EventAt(position), 0));
            bytes += EventBytes;
            if (bytes >= byteLimit)
                return new PageRead(position, events, bytes, true);
        }

        return new PageRead(bound, events, bytes, false);
    }

    private static PersistedEvent EventAt(long position) => new()
    {
        GlobalPosition = position,
        BoundedContext = "test",
        AggregateType = "thing",
        AggregateId = "a",
        AggregateVersion = position,
        EventId = Guid.NewGuid(),
        EventType = "Happened",
        EventVersion = 1,
        Payload = Array.Empty<byte>(),
        CreatedAt = default,
    };
}
