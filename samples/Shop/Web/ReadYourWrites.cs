using Pup.Client.Events;
using Pup.Client.Operations;
using Shop.Ordering;
using Shop.Projections;

namespace Shop.Web;

/// <summary>Lets who has changed something see it: the read models follow the log within milliseconds, and this waits for them.</summary>
internal sealed class ReadYourWrites(IProjectionClient projections)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <returns>Whether the pages show it; when not, it is safe in the log all the same, and they will.</returns>
    public async Task<bool> ShowsAsync(Decision.Accepted accepted, CancellationToken cancellationToken)
    {
        var shown = await Task.WhenAll(
            ShowsAsync(OrderList.ProjectionName, accepted.Appended, cancellationToken), ShowsAsync(StockLevels.ProjectionName, accepted.Stock, cancellationToken));
        return shown.All(static it => it);
    }

    private async Task<bool> ShowsAsync(string projection, AppendResult? appended, CancellationToken cancellationToken) =>
        appended is null || (await projections.WaitForAsync(projection, appended, _patience, cancellationToken)).IsApplied;
}
