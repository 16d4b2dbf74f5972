using System.Diagnostics;
using Pup.Grains.Feed;
using Pup.Silo.Demo.Reporting;

namespace Pup.Silo.Demo;

/// <summary>Waits until every projection has seen the log as it was at the start, or something stands in the way.</summary>
internal sealed class CatchUp(ProjectionProgress progress, EventFeed feed, Action<string> tell)
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task<ProjectionState> WaitAsync(Action<double, string> report, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PollInterval);
        var state = await progress.ReadAsync(cancellationToken);
        var target = state.LogEnd;
        var moved = Stopwatch.StartNew();
        while (state.Position < target && Failure(state) is null)
        {
            await timer.WaitForNextTickAsync(cancellationToken);
            var next = await progress.ReadAsync(cancellationToken);
            if (next.Total != state.Total)
            {
                moved.Restart();
            }
            else if (moved.Elapsed > Patience)
            {
                tell($"Still waiting at position {state.Position:N0} of {target:N0}: {feed.Status.ProblemText ?? Holders() ?? "the projections do not move"}");
                moved.Restart();
            }

            state = next;
            report(target == 0 ? 1 : (double)state.Total / (target * state.Projections), $"position {state.Position:N0} of {target:N0}");
        }

        return state;
    }

    /// <summary>What keeps a projection from being right, in a line; null when nothing does.</summary>
    public string? Failure(ProjectionState state) =>
        state.Trouble ?? (feed.Status.Problem == FeedProblem.LogWentBack ? feed.Status.ProblemText : null);

    private string? Holders() =>
        feed.Status.Holders is [var first, ..] ? $"an open transaction may still write to the log ({first})" : null;
}
