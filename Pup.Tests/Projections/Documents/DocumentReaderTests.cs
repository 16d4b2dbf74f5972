using Pup.Grains.Projections;
using Pup.Tests.Support;
using static Pup.Tests.Projections.Documents.Events;

namespace Pup.Tests.Projections.Documents;

public sealed class DocumentReaderTests(PostgresServer server)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Documents_are_found_by_identity_and_say_which_event_changed_them_last()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var reader = await SampleAsync(database);

        Assert.Equal(3, (await reader.LoadAsync("carol", Token))!.Balance);
        Assert.Null(await reader.LoadAsync("nobody", Token));
        var many = await reader.LoadManyAsync(["alice", "carol", "nobody"], Token);
        Assert.Equal(["alice", "carol"], many.Keys.Order());
        Assert.Equal(2, many["carol"].Position);
        Assert.Empty(await reader.LoadManyAsync([], Token));
    }

    [Fact]
    public async Task Documents_are_found_by_what_they_contain_page_by_page()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var reader = await SampleAsync(database);

        Assert.Equal(["bob"], await IdsAsync(reader.QueryAsync("""{"note": "it's"}""", cancellationToken: Token)));
        Assert.Equal(["alice", "bob"], await IdsAsync(reader.QueryAsync("{}", limit: 2, cancellationToken: Token)));
        Assert.Equal(["carol"], await IdsAsync(reader.QueryAsync("{}", afterId: "bob", cancellationToken: Token)));
    }

    [Fact]
    public async Task Documents_are_found_by_a_path_with_variables()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var reader = await SampleAsync(database);

        Assert.Equal(["carol"], await IdsAsync(reader.QueryPathAsync("$ ? (@.balance > $least)", """{"least": 2}""", cancellationToken: Token)));
        Assert.Equal(["alice", "bob", "carol"], await IdsAsync(reader.QueryPathAsync("$.balance", cancellationToken: Token)));
    }

    [Fact]
    public void Table_names_are_distinct_quoted_and_no_longer_than_PostgreSQL_takes()
    {
        var beginning = new string('x', 80);
        string[] names = ["orders", "Orders", "orders-1", "orders.1", "orders_1", beginning + "1", beginning + "2", new string('x', 53), new string('x', 54)];
        var tables = names.Select(name => new NamedProjection(name).TableName).ToArray();

        Assert.Equal(names.Length, tables.Distinct(StringComparer.Ordinal).Count());
        Assert.All(tables, table => Assert.InRange(table.Length, 1, 63));
        Assert.Equal("orders_documents", tables[0]);
        foreach (var name in new[] { "", "a\"b", "a b", "ü", new string('x', 101), "a;drop", "a\0" })
            Assert.Throws<ArgumentException>(() => new NamedProjection(name).TableName);
    }

    private static async Task<DocumentReader<Account>> SampleAsync(TestDatabase database)
    {
        var runner = await DocumentRunner<Account>.CreateAsync(database, new AccountProjection());
        await runner.RunAsync(Moved(1, "alice", "bob", 1), Moved(2, "alice", "carol", 3), Noted(3, "bob", "it's"));
        return runner.Reader;
    }

    private static async Task<List<string>> IdsAsync(IAsyncEnumerable<StoredDocument<Account>> documents)
    {
        var ids = new List<string>();
        await foreach (var document in documents)
            ids.Add(document.Id);
        return ids;
    }

    private sealed class NamedProjection(string name) : DocumentProjection<Account>
    {
        public override string Name => name;

        protected override Account? Apply(Account? document, Client.Events.PersistedEvent @event) => document;
    }
}
