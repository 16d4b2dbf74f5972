using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Operations;

/// <summary>What handlers do before they handle: wait at an event of type Held while the gate is closed, and fail at one of type Poison.</summary>
internal sealed class HandlerGate
{
    private volatile TaskCompletionSource _open = Opened();

    public void Close() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Open() => _open.TrySetResult();

    public async ValueTask BeforeAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (@event.EventType == "Held")
            await _open.Task.WaitAsync(cancellationToken);
        if (@event.EventType == "Poison")
            throw new InvalidOperationException("It is poison.");
    }

    private static TaskCompletionSource Opened()
    {
        var open = new TaskCompletionSource();
        open.SetResult();
        return open;
    }
}
