using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Pup.Client.Http;
using Pup.Client.Operations;
using Pup.Grains;
using Pup.Silo;
using Pup.Tests.Docs.Samples;
using Pup.Tests.Support;

namespace Pup.Tests.Http;

/// <summary>The page's application for users with tokens, by the platform's own scheme for them.</summary>
public sealed class TokenTests(PostgresServer server)
{
    private const string Issuer = "https://login.example.org";
    private const string Audience = "shop";
    private const string List = "/pup/projections";
    private const string Rebuild = "/pup/projections/ledger/rebuild";

    private static readonly byte[] _key = RandomNumberGenerator.GetBytes(32);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_may_do_what_it_claims_and_the_audit_names_its_subject()
    {
        await using var database = await TestDatabase.CreateAsync(server);
        await EventLog.AppendAsync(database, 100, 10);
        await using var app = await StartAsync(builder =>
        {
            builder.Configuration["DATABASE_URL"] = database.ConnectionString;
            builder.UseOrleans(static silo => silo.UsePupClustering().AddPup().AddProjection<LedgerProjection>());
        });
        var (reads, operates) = (TokenOf("ben", "read"), TokenOf("ann", "operate"));
        using var reader = new HttpProjectionClient(new Uri(app.Urls.First() + "/pup"), reads);
        await Eventually.TrueAsync(async () => await reader.ListAsync(Token) is [{ Condition: ProjectionCondition.CaughtUp }], TimeSpan.FromSeconds(60), "the projection has caught up");

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, HttpMethod.Get, List, reads));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(app, HttpMethod.Post, Rebuild, reads));
        await Assert.ThrowsAsync<UnauthorizedAccessException>(async () => await reader.RebuildAsync("ledger", Token).LastAsync(Token));
        foreach (var (method, path) in new[] { (HttpMethod.Get, List), (HttpMethod.Post, Rebuild) })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(app, method, path, null));
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(app, method, path, TokenOf("eve", null)));
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(app, method, path, TokenOf("eve", "admin")));
        }

        Assert.Equal(0, await database.ScalarAsync<long>("select count(*) from projection_audit where action = 'rebuild'"));
        using var operating = new HttpProjectionClient(new Uri(app.Urls.First() + "/pup"), operates);
        Assert.True((await operating.RebuildAsync("ledger", Token).LastAsync(Token)).IsDone);
        Assert.Equal("ledger", Assert.Single(await operating.ListAsync(Token)).Projection);
        await Ledger.AssertExactAsync(database);
        Assert.Equal("ann", await database.ScalarAsync<string>("select string_agg(distinct actor, ', ') from projection_audit where action = 'rebuild'"));
        await app.StopAsync(Token);
    }

    [Fact]
    public async Task A_token_that_is_not_valid_is_as_none()
    {
        var client = new ScriptedClient();
        await using var app = await StartAsync(builder => builder.Services.AddSingleton<IProjectionClient>(client));
        var valid = TokenOf("ann", "operate");
        Dictionary<string, string> wrong = new()
        {
            ["expired"] = TokenOf("ann", "operate", token => (token.NotBefore, token.IssuedAt, token.Expires) = (Ago(30), Ago(30), Ago(10))),
            ["not yet valid"] = TokenOf("ann", "operate", token => (token.NotBefore, token.Expires) = (Ago(-10), Ago(-30))),
            ["another's key"] = TokenOf("ann", "operate", token => token.SigningCredentials = Signing(RandomNumberGenerator.GetBytes(32))),
            ["another issuer"] = TokenOf("ann", "operate", token => token.Issuer = "https://login.evil.example"),
            ["another audience"] = TokenOf("ann", "operate", token => token.Audience = "blog"),
            ["unsigned"] = TokenOf("ann", "operate", token => token.SigningCredentials = null),
            ["another payload"] = Join(valid, TokenOf("eve", "operate"), valid),
            ["no signature"] = Join(valid, valid, ".."),
            ["an API key"] = HttpHost.OperateKey,
        };
        foreach (var (what, token) in wrong)
        {
            foreach (var (method, path) in new[] { (HttpMethod.Get, List), (HttpMethod.Post, Rebuild) })
                Assert.True(HttpStatusCode.Unauthorized == await StatusAsync(app, method, path, token), $"{what}: {method} {path}");
        }

        Assert.Empty(client.Calls);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(app, HttpMethod.Get, List, valid));
    }

    [Theory]
    [InlineData(true, "email", "ann")]
    [InlineData(false, "email", "ann")]
    [InlineData(true, JwtRegisteredClaimNames.UniqueName, "Ann of accounting")]
    public async Task Who_did_it_is_the_subject_unless_the_scheme_takes_a_name_from_the_token(bool renames, string claim, string expected)
    {
        var client = new ScriptedClient();
        await using var app = await StartAsync(builder =>
        {
            builder.Services.AddSingleton<IProjectionClient>(client);
            builder.Services.Configure<JwtBearerOptions>(JwtBearerDefaults.AuthenticationScheme, options => options.MapInboundClaims = renames);
        });
        Assert.Equal(HttpStatusCode.NoContent, await StatusAsync(app, HttpMethod.Post, "/pup/projections/orders/pause", TokenOf("ann", "operate", token => token.Claims[claim] = "Ann of accounting")));
        Assert.Equal(expected, client.Actor);
    }

    private static async Task<WebApplication> StartAsync(Action<WebApplicationBuilder> configure)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production });
        builder.Configuration.AddInMemoryCollection(HttpHost.Keys.Select(setting => KeyValuePair.Create(setting.Item1, (string?)setting.Item2)));
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Authentication:Schemes:Bearer:ValidIssuer"] = Issuer,
            ["Authentication:Schemes:Bearer:ValidAudiences:0"] = Audience,
            ["Authentication:Schemes:Bearer:SigningKeys:0:Issuer"] = Issuer,
            ["Authentication:Schemes:Bearer:SigningKeys:0:Value"] = Convert.ToBase64String(_key),
        });
        builder.Logging.ClearProviders().AddProvider(new XunitLoggerProvider()).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        configure(builder);
        var app = HttpSamples.BuildForTokens(builder);
        await app.StartAsync(Token);
        return app;
    }

    private static async Task<HttpStatusCode> StatusAsync(WebApplication app, HttpMethod method, string path, string? token)
    {
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        using var request = new HttpRequestMessage(method, path);
        if (method != HttpMethod.Get)
            request.Content = new StringContent("", Encoding.UTF8, "application/json");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var answer = await http.SendAsync(request, Token);
        return answer.StatusCode;
    }

    private static string TokenOf(string subject, string? claim, Action<SecurityTokenDescriptor>? change = null)
    {
        var token = new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Audience,
            Claims = new Dictionary<string, object> { [JwtRegisteredClaimNames.Sub] = subject },
            Expires = Ago(-10),
            SigningCredentials = Signing(_key),
        };
        if (claim is not null)
            token.Claims["pup"] = claim;
        change?.Invoke(token);
        return new JsonWebTokenHandler().CreateToken(token);
    }

    private static SigningCredentials Signing(byte[] key) => new(new SymmetricSecurityKey(key), SecurityAlgorithms.HmacSha256);

    private static DateTime Ago(int minutes) => TimeProvider.System.GetUtcNow().AddMinutes(-minutes).UtcDateTime;

    // Header, payload and signature, each of another token.
    private static string Join(string header, string payload, string signature) => $"{header.Split('.')[0]}.{payload.Split('.')[1]}.{signature.Split('.')[2]}";
}
