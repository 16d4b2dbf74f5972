using Npgsql;
using Pup.Silo.Demo.History;
using Pup.Silo.Demo.Import;
using Pup.Tests.Support;

namespace Pup.Tests.Silo.Demo;

public sealed class ImporterTests(PostgresServer server)
{
    private static CancellationToken CancellationToken => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_history_becomes_one_event_a_change_and_one_a_commit_with_versions_without_gaps()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server);
        var result = await ImportAsync(database, git.Path);
        Assert.Equal(result.Events, await database.ScalarAsync<long>("select count(*) from events"));
        Assert.Equal(result.Commits, await database.ScalarAsync<long>("select count(*) from events where aggregate_type = 'Author'"));
        await AssertConsistentAsync(database);
        Assert.Equal(
            GitRepository.PathsAlive(git.Path).Count,
            await database.ScalarAsync<long>("select sum(case event_type when 'FileAdded' then 1 when 'FileDeleted' then -1 else 0 end)::bigint from events"));
    }

    [Fact]
    public async Task A_second_import_brings_only_what_is_new()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server);
        await ImportAsync(database, git.Path);
        Assert.Equal(new ImportResult(0, 0), await ImportAsync(database, git.Path));
        git.Commit("main", "ann", "new file=x\n", "README=changed\n");
        Assert.Equal(new ImportResult(1, 3), await ImportAsync(database, git.Path));
        await AssertConsistentAsync(database);
    }

    [Fact]
    public async Task A_rewritten_history_is_refused_and_changes_nothing()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server);
        var result = await ImportAsync(database, git.Path);
        git.Git("update-ref", "refs/heads/main", git.Git("rev-parse", "main~1"));
        git.Commit("main", "ann", "other=x\n");
        await Assert.ThrowsAsync<HistoryException>(() => ImportAsync(database, git.Path));
        Assert.Equal(result.Events, await database.ScalarAsync<long>("select count(*) from events"));
    }

    [Fact]
    public async Task Two_imports_at_once_are_refused()
    {
        using var git = NastyHistory.Create();
        await using var database = await TestDatabase.CreateAsync(server);
        await database.ExecuteAsync("select 1");
        await using var other = await database.DataSource.OpenConnectionAsync(CancellationToken);
        await using var held = new NpgsqlCommand("select pg_advisory_lock(7097350137503)", other);
        await held.ExecuteNonQueryAsync(CancellationToken);
        Assert.Contains("Another import", (await Assert.ThrowsAsync<HistoryException>(() => ImportAsync(database, git.Path))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_file_of_changes_plain_or_gzip_is_imported_and_continued(bool gzip)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var file = Path.GetTempFileName();
        const string first = """
            {"commit":"c1","at":1,"author":"a1","path":"x","change":"added","insertions":1,"deletions":0}
            {"commit":"c1","at":1,"author":"a1","path":"y z","change":"added","insertions":null,"deletions":null}
            {"commit":"c2","at":2,"author":"a2","path":"x","change":"deleted","insertions":0,"deletions":1}

            """;
        const string second = """{"commit":"c3","at":3,"author":"a1","path":"x","change":"added","insertions":2,"deletions":0}""";
        Write(file, first, gzip);
        Assert.Equal(new ImportResult(2, 5), await ImportFileAsync(database, file));
        Write(file, first + second, gzip);
        Assert.Equal(new ImportResult(1, 2), await ImportFileAsync(database, file));
        Write(file, second.Replace("c3", "c9", StringComparison.Ordinal), gzip);
        Assert.Contains("--fresh", (await Assert.ThrowsAsync<HistoryException>(() => ImportFileAsync(database, file))).Message, StringComparison.Ordinal);
        await AssertConsistentAsync(database);
        File.Delete(file);
    }

    [Theory]
    [InlineData("", "holds no file changes")]
    [InlineData("{", "line 1 is not a file change")]
    [InlineData("[]", "line 1 is not a file change")]
    [InlineData("""{"commit":"c","at":1,"author":"a","path":"x","change":"renamed"}""", "line 1 is not a file change")]
    [InlineData("""{"commit":"c","at":1,"author":"a","path":"","change":"added"}""", "line 1 is not a file change")]
    [InlineData("""{"commit":"c","at":1,"author":"a","path":"\ud800","change":"added"}""", "line 1 is not a file change")]
    [InlineData("\x1f\x8bnot gzip", "cannot be read")]
    public async Task A_wrong_file_of_changes_is_said_in_words(string content, string expected)
    {
        await using var database = await TestDatabase.CreateAsync(server);
        var file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, System.Text.Encoding.Latin1.GetBytes(content), CancellationToken);
        Assert.Contains(expected, (await Assert.ThrowsAsync<HistoryException>(() => ImportFileAsync(database, file))).Message, StringComparison.Ordinal);
        File.Delete(file);
        await Assert.ThrowsAsync<HistoryException>(() => ImportFileAsync(database, file));
    }

    private static async Task<ImportResult> ImportAsync(TestDatabase database, string path) =>
        await new Importer(database.DataSource).ImportAsync(await GitHistory.OpenAsync(path, CancellationToken), null, CancellationToken);

    private static Task<ImportResult> ImportFileAsync(TestDatabase database, string path) =>
        new Importer(database.DataSource).ImportAsync(new NdjsonHistory(path), null, CancellationToken);

    private static void Write(string path, string content, bool gzip)
    {
        using var file = File.Create(path);
        using Stream stream = gzip ? new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionLevel.Fastest) : file;
        stream.Write(System.Text.Encoding.UTF8.GetBytes(content));
    }

    private static async Task AssertConsistentAsync(TestDatabase database)
    {
        Assert.Equal(0, await database.ScalarAsync<long>("""
            select count(*) from (
                select row_number() over (partition by aggregate_type, aggregate_id order by global_position) as expected, aggregate_version
                from events) v
            where expected <> aggregate_version
            """));
        Assert.Equal(0, await database.ScalarAsync<long>("""
            select count(*) from (select aggregate_type, aggregate_id, max(aggregate_version) as version from events group by 1, 2) e
            full join aggregate_heads h using (aggregate_type, aggregate_id)
            where version is distinct from h.aggregate_version
            """));
    }
}
