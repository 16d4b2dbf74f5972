using Microsoft.Extensions.Logging;
using Npgsql;
using Orleans.Runtime.Placement;
using Pup.Grains.Feed;

namespace Pup.Grains.Coordination.Placement;

/// <summary>
/// Places a grain where this silo's view says that it belongs. One whose projection no silo hosts is placed anywhere: there it
/// answers that it is unplaced, until a silo comes that hosts it.
/// </summary>
internal sealed partial class SpreadPlacementDirector(PlacementViews views, ILogger<SpreadPlacementDirector> logger) : IPlacementDirector
{
    private static readonly TimeSpan _freshEnough = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    public async Task<SiloAddress> OnAddActivation(PlacementStrategy strategy, PlacementTarget target, IPlacementContext context)
    {
        var compatible = context.GetCompatibleSilos(target);
        if (IPlacementDirector.GetPlacementHint(target.RequestContextData, compatible) is { } hint)
            return hint;
        var key = target.GrainIdentity.Key.ToString()!;
        var home = await ViewAsync() is { } view ? HomeOf(view, key) : null;
        return (home is null ? null : Array.Find(compatible, silo => silo.ToParsableString() == home))
            ?? Array.Find(compatible, silo => silo.Equals(context.LocalSilo))
            ?? compatible[0];
    }

    private static string? HomeOf(PlacementView view, string key) =>
        key.Contains('/', StringComparison.Ordinal) ? view.HomeOf(PartitionKey.Parse(key)) : view.SomeHost(key, 0);

    private async Task<PlacementView?> ViewAsync()
    {
        using var limit = new CancellationTokenSource(_patience);
        try
        {
            return await views.GetAsync(_freshEnough, limit.Token);
        }
        catch (Exception exception) when (exception is NpgsqlException or OperationCanceledException or ObjectDisposedException or GenerationEndedException)
        {
            LogBlind(exception.Message);
            return views.Last;
        }
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "Placing by an older view of the cluster: {Reason}")]
    private partial void LogBlind(string reason);
}
