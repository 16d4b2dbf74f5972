using System.Globalization;
using System.Text;
using Pup.Client.Events;
using Pup.Grains.Projections;

namespace Pup.Tests.Projections.Documents;

/// <summary>Accounts that money moves between: a <c>Moved</c> event addresses two documents. The payload is <c>from|to|amount</c>.</summary>
internal sealed class AccountProjection(long cacheBytes = 8L << 20) : DocumentProjection<Account>
{
    public override string Name => "accounts";

    public int Version { get; init; } = 1;

    public override int DocumentVersion => Version;

    public override int IdentityVersion => Version;

    protected override long CacheBytes => cacheBytes;

    /// <summary>What the documents must be, computed without engine, batches and JSON.</summary>
    public static SortedDictionary<string, Account> SerialFold(IEnumerable<PersistedEvent> events)
    {
        var projection = new AccountProjection();
        var documents = new SortedDictionary<string, Account>(StringComparer.Ordinal);
        foreach (var e in events)
        {
            foreach (var id in projection.IdentitiesOf(e).Distinct())
            {
                if (projection.Apply(id, documents.GetValueOrDefault(id), e) is { } account)
                    documents[id] = account;
                else
                    documents.Remove(id);
            }
        }

        return documents;
    }

    protected override IEnumerable<string> IdentitiesOf(PersistedEvent @event) => @event.EventType switch
    {
        "Moved" => [Part(@event, 0), Part(@event, 1)],
        "Unrelated" => [],
        _ => [@event.AggregateId],
    };

    protected override Account? Apply(Account? document, PersistedEvent @event) => throw new NotSupportedException();

    protected override Account? Apply(string id, Account? document, PersistedEvent @event)
    {
        var account = document ?? new Account { Owner = id };
        return @event.EventType switch
        {
            "Moved" => Changed(account, (id == Part(@event, 1) ? 1 : 0) - (id == Part(@event, 0) ? 1 : 0), @event),
            "Noted" => account with { Note = Encoding.UTF8.GetString(@event.Payload.Span) },
            "Closed" => null,
            "Failed" => throw new InvalidOperationException("This event fails."),
            _ => document,
        };
    }

    private static Account Changed(Account account, int sign, PersistedEvent @event) => account with
    {
        Balance = account.Balance + (sign * decimal.Parse(Part(@event, 2), CultureInfo.InvariantCulture)),
        Recent = [.. account.Recent.TakeLast(3), @event.GlobalPosition],
    };

    private static string Part(PersistedEvent @event, int index) => Encoding.UTF8.GetString(@event.Payload.Span).Split('|')[index];
}
