using Npgsql;
using Pup.Tests.Support;

namespace Pup.Tests.Scenarios.ReadModels;

/// <summary>The oracle: the log folded one event after the other, without engine, batches and partitions.</summary>
internal static class SerialFold
{
    /// <summary>Ledger and all three folding read models hold exactly the log.</summary>
    public static async Task AssertAllAsync(TestDatabase database)
    {
        // First: whoever reads that a read model is wrong has to know whether an event of it was parked.
        var letters = await database.ScalarAsync<string?>(
            "select string_agg(format('%s, %s, %s: %s', projection_name, ordering_key, status, left(error, 200)), '; ' order by id) from projection_dead_letters");
        Assert.True(letters is null, letters);
        await Ledger.AssertExactAsync(database);
        AssertNone(await WrongAsync(database));
    }

    /// <summary>The documents hold exactly the log.</summary>
    public static async Task AssertDocumentsAsync(TestDatabase database) => AssertNone(await WrongDocumentsAsync(database, await ExpectedAsync(database)));

    /// <summary>Aggregates of which the three folding read models hold something else than the log.</summary>
    public static async Task<IReadOnlyList<string>> WrongAsync(TestDatabase database)
    {
        var expected = await ExpectedAsync(database);
        return
        [
            .. Wrong("counter", expected, await ReadAsync(database, "select aggregate_id, count, hash from folds where projection = 'counter'")),
            .. Wrong("live", expected, await ReadAsync(database, "select aggregate_id, count, hash from folds where projection = 'live'")),
            .. await WrongDocumentsAsync(database, expected),
        ];
    }

    private static async Task<IEnumerable<string>> WrongDocumentsAsync(TestDatabase database, Dictionary<string, Fold> expected) => Wrong(
        "docs", expected, await ReadAsync(database, "select id, (document->>'count')::bigint, (document->>'hash')::bigint from docs_documents"));

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

    private static IEnumerable<string> Wrong(string projection, Dictionary<string, Fold> expected, Dictionary<string, Fold> actual) =>
        expected.Keys.Union(actual.Keys)
            .Where(key => expected.GetValueOrDefault(key) != actual.GetValueOrDefault(key))
            .Select(key => $"{projection}, {key}: {actual.GetValueOrDefault(key)} instead of {expected.GetValueOrDefault(key)}");

    private static void AssertNone(IEnumerable<string> wrong)
    {
        var all = wrong.ToList();
        Assert.True(all.Count == 0, $"{all.Count} aggregates are wrong: {string.Join("; ", all.Take(5))}");
    }
}
