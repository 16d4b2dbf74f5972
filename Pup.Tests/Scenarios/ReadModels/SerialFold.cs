using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>The oracle: the log folded one event after the other, without engine, batches and partitions.</summary>
internal static class SerialFold
{
    /// <summary>Ledger and all three folding read models hold exactly the log.</summary>
    public static async Task AssertAllAsync(TestDatabase database)
    {
        await Ledger.AssertExactAsync(database);
        var expected = await ExpectedAsync(database);
        AssertSame("counter", expected, await ReadAsync(database, "select aggregate_id, count, hash from folds where projection = 'counter'"));
        AssertSame("live", expected, await ReadAsync(database, "select aggregate_id, count, hash from folds where projection = 'live'"));
        await AssertDocumentsAsync(database);
        Assert.Equal(0L, await database.ScalarAsync<long>("select count(*) from projection_dead_letters"));
    }

    /// <summary>The documents hold exactly the log.</summary>
    public static async Task AssertDocumentsAsync(TestDatabase database) => AssertSame(
        "docs",
        await ExpectedAsync(database),
        await ReadAsync(database, "select id, (document->>'count')::bigint, (document->>'hash')::bigint from docs_documents"));

    private static async Task<Dictionary<string, Fold>> ExpectedAsync(TestDatabase database)
    {
        var folds = new Dictionary<string, Fold>();
        await using var command = database.DataSource.CreateCommand("select aggregate_id, global_position from events order by global_position");
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            folds[reader.GetString(0)] = folds.GetValueOrDefault(reader.GetString(0), Fold.Empty).With(reader.GetInt64(1));
        return folds;
    }

    private static async Task<Dictionary<string, Fold>> ReadAsync(TestDatabase database, string sql)
    {
        var folds = new Dictionary<string, Fold>();
        await using var command = database.DataSource.CreateCommand(sql);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
            folds[reader.GetString(0)] = new Fold(reader.GetInt64(1), reader.GetInt64(2));
        return folds;
    }

    private static void AssertSame(string projection, Dictionary<string, Fold> expected, Dictionary<string, Fold> actual)
    {
        var wrong = expected.Keys.Union(actual.Keys)
            .Where(key => expected.GetValueOrDefault(key) != actual.GetValueOrDefault(key))
            .Select(key => $"{key}: {actual.GetValueOrDefault(key)} instead of {expected.GetValueOrDefault(key)}")
            .ToList();
        Assert.True(wrong.Count == 0, $"{projection}: {wrong.Count} of {expected.Count} aggregates are wrong: {string.Join("; ", wrong.Take(5))}");
    }
}
