using Npgsql;
using Pup.Client.Connections;
using Pup.Client.Events;
using Pup.Client.Operations.Cluster;

namespace Pup.Client.Operations;

/// <summary>
/// Waits until a projection shows an append: asks the projection's grain, which knows the ordering keys and is told of commits, again
/// and again, since silos come and go. While none answers it looks at the checkpoints of all partitions instead: slower, and as exact.
/// </summary>
internal sealed class AppendWaiter(ClientDatabase database, IClusterAccess cluster, TimeProvider time)
{
    // Far below the time after which Orleans gives a call up, and as short as a fail-over: by then another silo has the grain.
    private static readonly TimeSpan _longestAsk = TimeSpan.FromSeconds(2);

    // How long past its limit an answer may come. A call to a silo that was just killed or is frozen never gets one.
    private static readonly TimeSpan _grace = TimeSpan.FromSeconds(1);

    // A cluster to which there is no connection is not waited for: the database answers meanwhile.
    private static readonly TimeSpan _connecting = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(500);

    /// <exception cref="ProjectionNotFoundException">There is no such projection.</exception>
    public async Task<WaitResult> WaitAsync(string projection, AppendResult appended, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(projection);
        ArgumentNullException.ThrowIfNull(appended);
        ArgumentOutOfRangeException.ThrowIfLessThan(timeout, TimeSpan.Zero);
        long[] positions = [.. appended.Positions];
        ArgumentOutOfRangeException.ThrowIfZero(positions.Length, nameof(appended));
        var (started, pause) = (time.GetTimestamp(), _firstPause);
        while (true)
        {
            var asked = time.GetTimestamp();
            var left = Left();
            var limit = left < _longestAsk ? left : _longestAsk;
            var result = await AskAsync(projection, positions, limit, cancellationToken) ?? await LookAsync(projection, positions, cancellationToken);
            if (result.Outcome is not (WaitOutcome.TimedOut or WaitOutcome.BlockedByWriter) || (left = Left()) == TimeSpan.Zero)
                return result;

            // Before its time an answer comes from a silo that is stopping, or from the database.
            if (time.GetElapsedTime(asked) >= limit)
            {
                pause = _firstPause;
                continue;
            }

            await Task.Delay(pause < left ? pause : left, time, cancellationToken);
            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }

        TimeSpan Left() => timeout - time.GetElapsedTime(started) is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero;
    }

    /// <returns>Null when no silo answered in time, or none could.</returns>
    private async Task<WaitResult?> AskAsync(string projection, long[] positions, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(limit + _grace, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            var grains = await cluster.GrainsAsync(either.Token).AsTask().WaitAsync(_connecting, time, either.Token);
            return await grains.GetGrain<IProjectionGrain>(projection).WaitForAsync(positions, limit, either.Token).WaitAsync(either.Token);
        }
        catch (ProjectionNotFoundException)
        {
            throw;
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it was, the database knows the answer, and the next silo may.
            return null;
        }
    }

    private async Task<WaitResult> LookAsync(string projection, long[] positions, CancellationToken cancellationToken)
    {
        try
        {
            var look = await database.ReadAsync((source, token) => AppendLook.OfAllPartitionsAsync(source, projection, positions, token), patient: false, cancellationToken)
                ?? throw new ProjectionNotFoundException(projection);
            return AppendVerdict.Of(look, IsApplied) ?? new WaitResult(WaitOutcome.TimedOut, $"No silo answered. {AppendVerdict.Describe(look, IsApplied)}");
        }
        catch (NpgsqlException)
        {
            return new WaitResult(WaitOutcome.TimedOut, "Neither a silo nor the database answered.");
        }

        // Any partition may own the keys, and only a position says of all keys that they are done.
        static bool IsApplied(AppendShare share) => share.IsPassed;
    }
}
