using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Pup.Client.Http;
using Pup.Grains;
using Pup.Silo;
using Shop.Projections;

namespace Shop.Web;

/// <summary>The process that serves the web: alone, or with a silo that shares the projections with all others.</summary>
internal static class ShopWeb
{
    public static async Task<int> RunAsync(string[] args, bool hasSilo)
    {
        var builder = WebApplication.CreateBuilder(args);
        if (string.IsNullOrEmpty(builder.Configuration["DATABASE_URL"]))
        {
            await Console.Error.WriteLineAsync("Shop: set DATABASE_URL to the database to work with, for example postgres://user:password@localhost:5432/shop.");
            return 2;
        }

        try
        {
            await using var app = Build(builder, hasSilo);
            await app.StartAsync();
            await app.WaitForShutdownAsync();
            return 0;
        }
        catch (OperationCanceledException)
        {
            // Told to stop while it was waiting to start.
            return 130;
        }
        catch (Exception exception)
        {
            // A wrong address, a refused password, a port in use: the message says it, and where it was noticed helps nobody.
            await Console.Error.WriteLineAsync($"Shop: {exception.Message}");
            return 1;
        }
    }

    private static WebApplication Build(WebApplicationBuilder builder, bool hasSilo)
    {
        builder.Logging.AddFilter("Orleans", LogLevel.Warning).AddFilter("Microsoft.AspNetCore", LogLevel.Warning).AddFilter("Polly", LogLevel.Error)
            // It would say at length what is said in a line above.
            .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical);
        var health = builder.Services.AddHealthChecks();
        if (hasSilo)
        {
            builder.UseOrleans(silo => ShopProjections.AddTo(silo.UsePupClustering().AddPup(options => options.AutoMigrate = true)));
            builder.AddPupTelemetry();
            health.AddPup();
        }

        builder.AddShop();
        builder.Services.AddHostedService<Opening>();
        builder.Services.AddSingleton<ShopReader>();
        builder.Services.AddSingleton<ReadYourWrites>();
        builder.Services.AddProblemDetails();
        builder.Services.AddPupHttp();
        builder.Services.AddRazorComponents();

        var app = builder.Build();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { Predicate = check => check.Tags.Contains(PupHealthExtensions.Ready) });
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = check => check.Tags.Contains(PupHealthExtensions.Live) });
        app.MapPupHealth();
        app.MapPup();
        if (hasSilo)
            app.MapPupMetrics().RequirePup(app, PupPolicies.Read);
        app.MapPages();
        app.MapApi();
        return app;
    }
}
