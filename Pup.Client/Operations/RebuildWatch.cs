using System.Runtime.CompilerServices;
using Pup.Client.Operations.Status;

namespace Pup.Client.Operations;

/// <summary>Follows a rebuild in the database, where it stands whichever silo carries it on.</summary>
internal sealed class RebuildWatch(StatusReader status, TimeProvider time)
{
    private static readonly TimeSpan _firstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan _longestPause = TimeSpan.FromMilliseconds(500);

    public async IAsyncEnumerable<RebuildProgress> FollowAsync(string projection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pause = _firstPause;
        DateTimeOffset? startedAt = null;
        var target = 0L;
        while (true)
        {
            var snapshot = await status.ReadAsync(projection, patient: true, cancellationToken);
            var facts = snapshot.Projections is [var only] ? only : throw new ProjectionNotFoundException(projection);
            startedAt ??= facts.RebuildStartedAt ?? throw new ProjectionRefusedException($"The rebuild of '{projection}' is not known to the database any more.");
            target = facts.RebuildTarget ?? target;
            var progress = RebuildRules.Progress(facts, startedAt.Value, target, snapshot.Log.Now);
            yield return progress;
            if (progress.IsDone)
                yield break;
            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < _longestPause ? pause * 2 : _longestPause;
        }
    }
}
