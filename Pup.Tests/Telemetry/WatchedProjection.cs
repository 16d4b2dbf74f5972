using System.Text;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>A ledger whose handler fails at events of type <c>Bad</c>, and its statement at those of type <c>BadJson</c>, as the database says with the value in its words.</summary>
internal sealed class WatchedProjection : IReadModelProjection
{
    public const string ProjectionName = "watched";

    private readonly LedgerProjection _ledger = new(ProjectionName);

    public string Name => ProjectionName;

    public int ReadModelVersion => _ledger.ReadModelVersion;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _ledger.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (@event.EventType == "Bad")
            throw new InvalidOperationException("This one is bad.");
        if (@event.EventType == "BadJson")
            transaction.Execute("select ($1::text)::int", Encoding.UTF8.GetString(@event.Payload.Span));
        return _ledger.HandleAsync(@event, transaction, cancellationToken);
    }
}
