using System.Collections.Concurrent;

namespace Pup.Grains.Coordination.Placement;

/// <summary>
/// This silo's view of the cluster: membership joined with what the database says of hosts and owners. Read again when membership
/// has changed or it is too old for who asks.
/// </summary>
internal sealed class PlacementViews(Engine engine, IClusterMembershipService membership) : IDisposable
{
    private readonly SemaphoreSlim _reading = new(1, 1);
    private readonly ConcurrentDictionary<string, long> _firstSeen = new(StringComparer.Ordinal);
    private volatile PlacementView? _last;
    private long _readAt;

    /// <summary>The last view; null before the first.</summary>
    public PlacementView? Last => _last;

    /// <summary>Set when this silo is about to stop: nothing belongs here any more.</summary>
    public bool Leaving { get; set; }

    /// <param name="age">What may have been read this long ago is good enough; zero reads anew.</param>
    /// <param name="cancellationToken">Stops waiting for the database.</param>
    public async ValueTask<PlacementView> GetAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        if (IsGood(age) is { } good)
            return good;
        var asked = engine.Time.GetTimestamp();
        await _reading.WaitAsync(cancellationToken);
        try
        {
            // Whoever was before us may have read after we asked.
            return IsGood(age) ?? (_last is { } last && _readAt >= asked && last.Membership == membership.CurrentSnapshot.Version ? last : await ReadAsync(cancellationToken));
        }
        finally
        {
            _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private PlacementView? IsGood(TimeSpan age) =>
        _last is { } last && last.Membership == membership.CurrentSnapshot.Version && engine.Time.GetElapsedTime(Volatile.Read(ref _readAt)) < age ? last : null;

    private async Task<PlacementView> ReadAsync(CancellationToken cancellationToken)
    {
        var now = engine.Time.GetTimestamp();
        // Before the database is asked: who has joined has a moment more to say what it hosts.
        var snapshot = membership.CurrentSnapshot;
        var active = snapshot.Members.Values
            .Where(member => member.Status == SiloStatus.Active)
            .Select(member => member.SiloAddress.ToParsableString())
            .Where(silo => silo != engine.Silo?.Name || !Leaving)
            .ToList();
        var generation = await engine.Feed.GenerationAsync(cancellationToken);
        var store = new PlacementStore(generation.DataSource);
        var hosted = await store.HostedAsync(cancellationToken);
        var silos = active.Where(hosted.Contains).Select(silo => new HostingSilo(silo, hosted[silo].ToHashSet(StringComparer.Ordinal), Unsettled(silo, now) <= TimeSpan.Zero)).ToList();
        var unsettled = active.ConvertAll(silo => Unsettled(silo, now)).FindAll(time => time > TimeSpan.Zero);
        var view = new PlacementView(snapshot.Version, silos, await store.PartitionsAsync(cancellationToken), silos.Count == active.Count)
        {
            NextSettles = unsettled.Count > 0 ? unsettled.Min() : null,
        };
        foreach (var gone in _firstSeen.Keys.Except(active))
            _firstSeen.TryRemove(gone, out _);
        Volatile.Write(ref _readAt, now);
        _last = view;
        return view;
    }

    private TimeSpan Unsettled(string silo, long now) =>
        silo == engine.Silo?.Name ? TimeSpan.Zero : engine.Options.SettleTime - engine.Time.GetElapsedTime(_firstSeen.GetOrAdd(silo, now), now);
}
