using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Pup.Bench.Telemetry;

/// <summary>Where spans and metrics are sent: counts their bytes and throws them away. In a process of its own, since a collector is none of a silo's cost.</summary>
internal static class Receiver
{
    public const string CountPath = "/received";

    /// <summary>Writes its address to standard output and serves until the process ends.</summary>
    public static async Task<int> RunAsync()
    {
        long bytes = 0;
        await using var app = await LoopbackServer.StartAsync(LoopbackServer.Builder(), app =>
        {
            app.MapGet(CountPath, () => Results.Text($"{Interlocked.Read(ref bytes)}"));
            app.MapPost("/v1/{signal}", async (HttpContext context) =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                Interlocked.Add(ref bytes, body.Length);
            });
        });
        Console.WriteLine(app.Urls.Single());
        await app.WaitForShutdownAsync();
        return 0;
    }
}
