using System.Text;
using Npgsql;
using Pup.Client.Events;
using Pup.Grains.Projections;
using Pup.Tests.Support;

namespace Pup.Tests.Telemetry;

/// <summary>
/// A ledger whose handler fails at events of type <c>Bad</c>, its statement at those of type <c>BadNumber</c> and its own query at those of type <c>BadQuery</c>; the
/// database says so of the latter two with the value in its words. At those of type <c>Deadlock</c> the batch meets one, as long as the test's sequence counts to two.
/// </summary>
internal sealed class WatchedProjection : IReadModelProjection
{
    public const string ProjectionName = "watched";

    private const string ToNumber = "select ($1::text)::int";

    // A sequence is not rolled back.
    private const string Deadlock = "do $$ begin if nextval('deadlocks') <= 2 then raise sqlstate '40P01'; end if; end $$";

    private readonly LedgerProjection _ledger = new(ProjectionName);

    public string Name => ProjectionName;

    public int ReadModelVersion => _ledger.ReadModelVersion;

    public ValueTask PrepareReadModelAsync(int storedVersion, ProjectionTransaction transaction, CancellationToken cancellationToken) =>
        _ledger.PrepareReadModelAsync(storedVersion, transaction, cancellationToken);

    public async ValueTask HandleAsync(PersistedEvent @event, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        if (@event.EventType == "Bad")
            throw new InvalidOperationException("This one is bad.");
        if (@event.EventType == "BadNumber")
            transaction.Execute(ToNumber, Encoding.UTF8.GetString(@event.Payload.Span));
        if (@event.EventType == "Deadlock")
            transaction.Execute(Deadlock);
        if (@event.EventType == "BadQuery")
            await QueryAsync(Encoding.UTF8.GetString(@event.Payload.Span), transaction, cancellationToken);
        await _ledger.HandleAsync(@event, transaction, cancellationToken);
    }

    private static async Task QueryAsync(string text, ProjectionTransaction transaction, CancellationToken cancellationToken)
    {
        var live = await transaction.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(ToNumber, live.Connection, live) { Parameters = { new NpgsqlParameter<string> { TypedValue = text } } };
        await command.ExecuteScalarAsync(cancellationToken);
    }
}
