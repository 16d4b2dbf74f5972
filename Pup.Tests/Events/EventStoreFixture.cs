using System.Text;
using Pup.Client.Events;
using Pup.Tests.Support;

namespace Pup.Tests.Events;

/// <summary>What the event store's tests say again and again.</summary>
internal static class EventStoreFixture
{
    public static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Event An(string type = "Happened", string payload = "{}") => new() { EventType = type, Payload = Encoding.UTF8.GetBytes(payload) };

    public static List<Event> Some(int count) => [.. Enumerable.Range(1, count).Select(number => An(payload: $$"""{"number":{{number}}}"""))];

    public static Task<AppendResult> AppendAsync(this EventStore store, string id, ExpectedVersion expected, params IReadOnlyList<Event> events) =>
        store.AppendAsync("Sales", "Order", id, expected, events, Token);

    public static ValueTask<List<PersistedEvent>> ReadAsync(this EventStore store, string id, long from = 1, long to = long.MaxValue) =>
        store.ReadStreamAsync("Sales", "Order", id, from, to, Token).ToListAsync(Token);

    public static Task<long> HeadAsync(this TestDatabase database, string id) =>
        database.ScalarAsync<long>("select aggregate_version from aggregate_heads where bounded_context = 'Sales' and aggregate_type = 'Order' and aggregate_id = $1", id);

    public static Task<long> CountAsync(this TestDatabase database) => database.ScalarAsync<long>("select count(*) from events");
}
