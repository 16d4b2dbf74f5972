namespace Pup.Tests.Support;

/// <summary>A database as pupsourcing v1 and its workers leave it: its own tables, a log, and checkpoints <c>x_p0</c> … <c>x_p3</c>.</summary>
internal static class GoDatabase
{
    public static async Task<TestDatabase> CreateAsync(PostgresServer server, CancellationToken cancellationToken)
    {
        var database = await TestDatabase.CreateAsync(server, migrate: false);
        await using var resource = typeof(GoDatabase).Assembly.GetManifestResourceStream("Pup.Tests.Schema.pupsourcing_v1.sql")!;
        using var reader = new StreamReader(resource);
        await database.ExecuteAsync(await reader.ReadToEndAsync(cancellationToken));
        return database;
    }

    /// <summary>Appends events over many aggregates, and lets four Go workers be at different places of the log.</summary>
    public static async Task FillAsync(TestDatabase database, int aggregates, CancellationToken cancellationToken)
    {
        for (var aggregate = 0; aggregate < aggregates; aggregate++)
            Assert.True(await GoWriter.TryAppendAsync(database.DataSource, "Sales", "Order", $"order-{aggregate}", 1 + (aggregate % 3), cancellationToken));
        var last = await database.ScalarAsync<long>("select max(global_position) from events");
        for (var partition = 0; partition < 4; partition++)
            await GoWriter.UpdateCheckpointAsync(database.DataSource, $"x_p{partition}", last * (partition + 1) / 5, cancellationToken);
    }
}
