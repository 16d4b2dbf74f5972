using Orleans.Runtime;
using Orleans.Runtime.Messaging;
using Polly;
using Polly.Retry;

namespace Pup.Client.Operations.Cluster;

/// <summary>
/// Calls to the grain of a projection, tried again while silos come and go. Every attempt of a command carries the same identity, so
/// that one whose answer was lost is not run twice.
/// </summary>
internal sealed class ClusterCalls(IClusterAccess cluster, BegunCommands begun, PupClientOptions options, TimeProvider time)
{
    // What was sent to a silo that dies at this moment is never answered.
    private static readonly TimeSpan _answer = TimeSpan.FromSeconds(5);

    // A rebuild may have to wait for locks for long.
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(5);

    /// <param name="projection">Name of the projection.</param>
    /// <param name="command">The call.</param>
    /// <param name="cancellationToken">Gives up; what was sent may be run all the same.</param>
    /// <exception cref="ClusterUnavailableException">No silo answered for as long as patience lasts.</exception>
    public async Task<T> CommandAsync<T>(string projection, Func<IProjectionGrain, CancellationToken, Task<T>> command, CancellationToken cancellationToken)
    {
        PupActor.Set(PupActor.Get());
        var identity = Guid.NewGuid();
        CommandIdentity.Set(identity);
        var started = time.GetTimestamp();
        var retrying = new RetryStrategyOptions
        {
            ShouldHandle = async arguments => IsPassing(arguments.Outcome.Exception)
                && (time.GetElapsedTime(started) < options.Patience
                    || (time.GetElapsedTime(started) < _longest && await begun.IsUnderWayAsync(identity, arguments.Context.CancellationToken))),
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = TimeSpan.FromSeconds(2),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            MaxRetryAttempts = int.MaxValue,
        };
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = time }.AddRetry(retrying).Build();
        try
        {
            return await pipeline.ExecuteAsync(
                async token => await command((await GrainsAsync(token)).GetGrain<IProjectionGrain>(projection), token).WaitAsync(_answer, time, token), cancellationToken);
        }
        catch (Exception exception) when (IsPassing(exception))
        {
            throw exception as ClusterUnavailableException ?? new ClusterUnavailableException(
                $"No silo of cluster '{cluster.ClusterId}' answered within {options.Patience.TotalSeconds:0.#} s ({exception.Message}). "
                + "Start one (`pup run`), see that its gateway can be reached from here, and try again. What was sent may be done all the same: the table projection_audit tells. Lag and status are answered without a silo.",
                exception);
        }
    }

    private async Task<IGrainFactory> GrainsAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var patience = new CancellationTokenSource(options.Patience, time);
        await using var registration = patience.Token.Register(limit.Cancel);
        try
        {
            return await cluster.GrainsAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException("there is no connection to any");
        }
    }

    private static bool IsPassing(Exception? exception) =>
        exception is OrleansMessageRejectionException or SiloUnavailableException or ConnectionFailedException or GatewayTooBusyException
            or ClientNotAvailableException or TimeoutException or ClusterUnavailableException;
}
