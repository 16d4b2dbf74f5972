using System.Text;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Operations;

/// <summary>The ledger by a key of its own: the payload.</summary>
internal sealed class TenantLedger(Func<PersistedEvent, ProjectionTransaction, CancellationToken, ValueTask>? before = null) : IKeyedProjection, IReadModelProjection
{
    private readonly LedgerProjection _ledger = new("tenants", before);

    public string Name => _ledger.Name;

    public int ReadModelVersion => _ledger.ReadModelVersion;

    public string KeyName => "payload";

    public string KeyOf(PersistedEvent @event) => Encoding.UTF8.GetString(@event.Payload.Span);

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _ledger.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

    public ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _ledger.HandleAsync(@event, transaction, cancellationToken);
}
