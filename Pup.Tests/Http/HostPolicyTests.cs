using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Pup.Tests.Http;

/// <summary>A host that knows its users itself, for example by the tokens they bear.</summary>
public sealed class HostPolicyTests
{
    [Fact]
    public async Task The_hosts_own_policies_stand_in_place_of_the_keys_and_its_principal_is_who_did_it()
    {
        var client = new ScriptedClient();
        await using var host = await HttpHost.StartAsync(
            client,
            HttpHost.Keys,
            builder =>
            {
                builder.Services.AddAuthentication("Words").AddScheme<AuthenticationSchemeOptions, WordHandler>("Words", null);
                builder.Services.AddAuthorizationBuilder()
                    .AddPolicy("may see", policy => policy.RequireAuthenticatedUser())
                    .AddPolicy("may act", policy => policy.RequireRole("admin"));
            },
            options: options => (options.ReadPolicy, options.OperatePolicy) = ("may see", "may act"));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Get, "/pup/projections"));
        Assert.Equal(HttpStatusCode.Unauthorized, await host.StatusAsync(HttpMethod.Post, "/pup/projections/orders/pause", HttpHost.OperateKey));
        Assert.Equal(HttpStatusCode.OK, await host.StatusAsync(HttpMethod.Get, "/pup/projections", "word user:ann"));
        Assert.Equal(HttpStatusCode.Forbidden, await host.StatusAsync(HttpMethod.Post, "/pup/projections/orders/pause", "word user:ann"));
        Assert.Equal(HttpStatusCode.NoContent, await host.StatusAsync(HttpMethod.Post, "/pup/projections/orders/pause", "word admin:bob"));
        Assert.Equal("bob", client.Actor);
        Assert.Equal(
            HttpStatusCode.Forbidden,
            await host.StatusAsync(HttpMethod.Post, "/pup/projections/orders/pause", "word admin:bob", null, request => request.Headers.Add("Origin", "https://evil.example")));
    }

    private sealed class WordHandler(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory loggers, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, loggers, encoder)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers.Authorization.ToString().Split(' ', ':') is not [_, "word", var role, var name])
                return Task.FromResult(AuthenticateResult.NoResult());
            var identity = new ClaimsIdentity([new(ClaimTypes.Name, name), new(ClaimTypes.Role, role)], Scheme.Name);
            return Task.FromResult(AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), Scheme.Name)));
        }
    }
}
