using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;
using Orleans.Dashboard;
using Pup.Client;
using Pup.Client.Http;
using Pup.Grains;
using Pup.Silo.Configuration;
using Pup.Silo.Hosting;

namespace Pup.Silo.Web;

/// <summary>A silo that also serves HTTP: what its projections do, and whether they are well.</summary>
internal static partial class SiloWeb
{
    public static async Task<int> RunAsync(SiloConfiguration configuration, Action<PupBuilder> configure, CancellationToken cancellationToken)
    {
        await using var app = Create(configuration, configure);
        SiloHost.ResolveProjections(app.Services);
        Tell(app, configuration);
        return await SiloLifetime.RunAsync(app, configuration.Notes, work: null, cancellationToken);
    }

    /// <exception cref="ConfigurationException">What was configured cannot be meant.</exception>
    public static WebApplication Create(SiloConfiguration configuration, Action<PupBuilder> configure)
    {
        // An empty one: what this process does is said by its own configuration alone.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "pup", EnvironmentName = Environments.Production });
        builder.Configuration.AddInMemoryCollection(Configuration(configuration));
        SiloHost.ConfigureClustered(builder, configuration, configure);
        // Its live trace would show what other pages do not: arguments of calls.
        builder.UseOrleans(static silo => silo.AddDashboard(static options => options.HideTrace = true));
        builder.AddPupTelemetry();
        AddServices(builder, HttpAddress.Parse(configuration.Http.Http));
        return Build(builder, configuration);
    }

    private static void AddServices(WebApplicationBuilder builder, IPEndPoint address)
    {
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(address);
            kestrel.AddServerHeader = false;
            Limit(kestrel.Limits);
        });
        builder.Services.AddRouting().AddProblemDetails().AddPupHttp();
        builder.Services.AddHealthChecks().AddPup();
        builder.AddPupClient();
    }

    // Small requests of few callers: what is larger, slower or more is not one of theirs.
    private static void Limit(KestrelServerLimits limits)
    {
        limits.MaxRequestBodySize = 1 << 20;
        limits.MaxRequestHeadersTotalSize = 16 << 10;
        limits.MaxConcurrentConnections = 1_000;
        limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
    }

    private static WebApplication Build(WebApplicationBuilder builder, SiloConfiguration configuration)
    {
        try
        {
            var app = builder.Build();
            app.UseExceptionHandler();
            app.UseStatusCodePages();
            app.UseRouting();
            SiloRoutes.Map(app, configuration);
            return app;
        }
        catch (FormatException e)
        {
            throw new ConfigurationException(e.Message);
        }
    }

    private static Dictionary<string, string?> Configuration(SiloConfiguration configuration) => new(configuration.Nested)
    {
        [$"Pup:{nameof(HttpSettings.ApiKeyFile)}"] = configuration.Http.ApiKeyFile,
        [$"Pup:{nameof(HttpSettings.LagThreshold)}"] = configuration.Http.LagThreshold.ToString(System.Globalization.CultureInfo.InvariantCulture),
    };

    private static void Tell(WebApplication app, SiloConfiguration configuration)
    {
        var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Pup");
        app.Lifetime.ApplicationStarted.Register(() =>
        {
            foreach (var url in app.Urls)
                LogListening(logger, url);
            if (configuration.Http.ApiKeyFile.Length == 0 && configuration.Nested.Count == 0)
                LogNoKeys(logger);
        });
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "listening on {Url}")]
    private static partial void LogListening(ILogger logger, string url);

    [LoggerMessage(Level = LogLevel.Information, Message = "no API key is configured: only callers on this machine are let in")]
    private static partial void LogNoKeys(ILogger logger);
}
