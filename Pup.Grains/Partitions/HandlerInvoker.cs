using Pup.Grains.Failures;
using Pup.Grains.Projections;

namespace Pup.Grains.Partitions;

/// <summary>Calls the author's code: away from the grain's scheduler, under a timeout, with a watchdog behind the timeout.</summary>
internal sealed class HandlerInvoker(IProjection projection, TimeSpan timeout, TimeSpan grace, TimeProvider time, WorkTimes times)
{
    /// <exception cref="HandlerException">The handler failed or took too long.</exception>
    /// <exception cref="HandlerStuckException">The handler ignored its token.</exception>
    public async Task InvokeAsync(IReadOnlyList<WorkItem> items, BatchTransaction transaction, CancellationToken cancellationToken)
    {
        using var clock = new HandlerClock(timeout, time);
        transaction.Session.Clock = clock;
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(clock.Over, cancellationToken);
        var run = Task.Run(() => HandleAsync(items, transaction, linked.Token), CancellationToken.None);
        try
        {
            await WaitAsync(run, linked.Token);
        }
        catch (HandlerStuckException)
        {
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            var cause = clock.Over.IsCancellationRequested && exception is OperationCanceledException
                ? new TimeoutException($"The handler took longer than {timeout.TotalSeconds:0.#} s.", exception)
                : exception;
            throw new HandlerException(transaction.CurrentItem, cause);
        }

        async Task WaitAsync(Task running, CancellationToken asked)
        {
            try
            {
                await running.WaitAsync(asked);
            }
            catch (OperationCanceledException) when (!running.IsCompleted)
            {
                await GraceAsync(running, transaction);
            }
        }
    }

    private async Task GraceAsync(Task running, BatchTransaction transaction)
    {
        using var over = new CancellationTokenSource();
        var first = await Task.WhenAny(running, Task.Delay(grace, time, over.Token));
        await over.CancelAsync();
        if (first == running)
        {
            await running;
            return;
        }

        // Nobody awaits it any more; its late failure must not surface as an unobserved one.
        _ = running.ContinueWith(static late => late.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
        transaction.Session.Abandon();
        throw new HandlerStuckException(transaction.CurrentItem, grace);
    }

    private async Task HandleAsync(IReadOnlyList<WorkItem> items, BatchTransaction transaction, CancellationToken cancellationToken)
    {
        using var lap = times.Measure(WorkPart.Handle);
        if (projection is IBatchProjection batch)
        {
            ThrowKeyErrors(items, transaction);
            await batch.HandleAsync(items, transaction, cancellationToken);
            return;
        }

        for (var i = 0; i < items.Count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            transaction.CurrentItem = i;
            if (items[i].KeyError is { } keyError)
                throw new InvalidOperationException($"The projection's key function failed: {keyError.Message}", keyError);
            await projection.HandleAsync(items[i].Event, transaction, cancellationToken);
        }
    }

    private static void ThrowKeyErrors(IReadOnlyList<WorkItem> items, BatchTransaction transaction)
    {
        for (var i = 0; i < items.Count; i++)
        {
            if (items[i].KeyError is not { } keyError)
                continue;
            transaction.CurrentItem = i;
            throw new InvalidOperationException($"The projection's key function failed: {keyError.Message}", keyError);
        }
    }
}
