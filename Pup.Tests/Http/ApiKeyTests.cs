using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using Pup.Client.Http;
using Pup.Client.Http.Access;

namespace Pup.Tests.Http;

public sealed class ApiKeyTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_key_file_that_changes_is_followed_within_a_second_without_a_restart()
    {
        await WriteAsync("""[{ "name": "old", "key": "the-first-of-two-keys", "role": "operate" }]""");
        await using var host = await HttpHost.StartAsync(new ScriptedClient(), [("Pup:ApiKeyFile", _file)], builder => builder.Services.AddSingleton<TimeProvider>(_time));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, "the-first-of-two-keys"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, "the-other-of-two-keys"));

        await WriteAsync("""[{ "name": "new", "key": "the-other-of-two-keys", "role": "read" }]""");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, "the-first-of-two-keys"));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, "the-other-of-two-keys"));

        // Half written, as when it is replaced at this moment.
        await WriteAsync("""[{ "name": "new", "key": "the-other""");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await AskAsync(host, "the-other-of-two-keys"));

        // No key any more is not as if none had ever been configured: this machine, too, would need one.
        await WriteAsync("[]");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, "the-other-of-two-keys"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(host, null));
    }

    [Theory]
    [InlineData("""[{ "key": "hunter2hunter2hunter2", "role": "read" }]""", "no name")]
    [InlineData("""[{ "name": "ops", "key": "hunter2hunter2hunter2" }]""", "must be read or operate")]
    [InlineData("""[{ "name": "ops", "key": "hunter2hunter2hunter2", "role": "admin" }]""", "must be read or operate")]
    [InlineData("""[{ "name": "ops", "role": "read" }]""", "either a key or its sha256")]
    [InlineData("""[{ "name": "ops", "key": "hunter2hunter2hunter2", "sha256": "00", "role": "read" }]""", "either a key or its sha256")]
    [InlineData("""[{ "name": "ops", "key": "hunter2", "role": "read" }]""", "shorter than 16")]
    [InlineData("""[{ "name": "ops", "sha256": "hunter2", "role": "read" }]""", "64 hexadecimal digits")]
    [InlineData("""[{ "name": "ops", "secret": "hunter2hunter2hunter2", "role": "read" }]""", "must be a JSON array")]
    [InlineData("""{ "hunter2": 1 }""", "must be a JSON array")]
    [InlineData("[null]", "must be a JSON array")]
    [InlineData("hunter2", "line 1 is not")]
    public async Task A_key_that_cannot_be_meant_is_refused_at_the_start_and_never_shown(string file, string expected)
    {
        await WriteAsync(file);
        var e = Assert.Throws<FormatException>(() => Ring(("Pup:ApiKeyFile", _file)));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", e.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_key_file_that_is_not_there_is_refused_at_the_start() =>
        Assert.Contains("cannot be read", Assert.Throws<FormatException>(() => Ring(("Pup:ApiKeyFile", _file + ".none"))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Keys_of_file_and_configuration_are_both_known_and_a_log_shows_only_the_beginning_of_their_hashes()
    {
        await WriteAsync("""[{ "name": "file", "key": "a-key-of-the-mounted-file", "role": "read" }]""");
        var ring = Ring([("Pup:ApiKeyFile", _file), .. HttpHost.Keys]);
        Assert.Equal("viewer (pup read, b457e5b8)", ring.Find(HttpHost.ReadKey)?.ToString());
        Assert.Equal(("ops", PupPolicies.Operate), (ring.Find(HttpHost.OperateKey)?.Name, ring.Find(HttpHost.OperateKey)?.Policy));
        Assert.Equal("file", ring.Find("a-key-of-the-mounted-file")?.Name);
        Assert.Null(ring.Find("a-key-of-the-mounted-fil"));
        Assert.False(Ring().IsConfigured);
    }

    public void Dispose() => File.Delete(_file);

    private static Task<HttpStatusCode> AskAsync(HttpHost host, string? key) => host.StatusAsync(HttpMethod.Get, "/pup/projections", key);

    private ApiKeyRing Ring(params (string Name, string Value)[] settings) => new(
        new ConfigurationBuilder().AddInMemoryCollection(settings.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))).Build(),
        _time,
        NullLogger<ApiKeyRing>.Instance);

    private Task WriteAsync(string text) => File.WriteAllTextAsync(_file, text, TestContext.Current.CancellationToken);
}
