using Microsoft.Extensions.Options;
using Npgsql;
using Pup.Client;
using Pup.Client.Events;
using Shop.Ordering;

namespace Shop.Web;

/// <summary>What the shop needs wherever it runs: its connections, the event store, and those who take orders.</summary>
internal static class ShopServices
{
    public static void AddShop(this IHostApplicationBuilder builder)
    {
        builder.AddPupClient();
        builder.Services.AddSingleton(static provider => Connect(provider.GetRequiredService<IOptions<PupClientOptions>>().Value.ConnectionString));
        builder.Services.AddSingleton<EventStore>();
        builder.Services.AddSingleton<Warehouse>();
        builder.Services.AddSingleton<OrderDesk>();
    }

    // Appends cost the server half as much when it has planned them before.
    private static NpgsqlDataSource Connect(string connectionString) =>
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 50, ApplicationName = "shop" });
}
