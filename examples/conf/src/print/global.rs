use crate::model::{Dumps, GarpGroup, Global, Nftables, ReloadTimeFile, Scheduling};

use super::Print;
use super::notify::lifecycle_script;
use super::page::{Page, Seconds, Word};

impl Print for Global {
    fn print(&self, page: &mut Page<'_>) {
        let Self {
            router_id,
            script_user,
            enable_script_security,
            garp_interval,
            gna_interval,
            startup_delay,
            delay_after_boot,
            dynamic_interfaces,
            scheduling,
            lock_memory,
            vmac_addr_prefix,
            nftables: Nftables { table, priority },
            supplementary_groups,
            startup_script,
            shutdown_script,
            mail,
            fifos,
            rs_init_notifies,
            lvs,
            dumps,
            reload_time,
        } = self;
        page.block("global_defs", |page| {
            page.optional("router_id", router_id.as_deref().map(Word));
            page.optional("script_user", script_user.as_ref());
            page.alone("enable_script_security", *enable_script_security);
            page.value("vrrp_garp_interval", Seconds(*garp_interval));
            page.value("vrrp_gna_interval", Seconds(*gna_interval));
            for (keyword, delay) in
                [("vrrp_startup_delay", startup_delay), ("vrrp_delay_after_boot", delay_after_boot)]
            {
                if !delay.is_zero() {
                    page.value(keyword, Seconds(*delay));
                }
            }
            page.alone("dynamic_interfaces", *dynamic_interfaces);
            match scheduling {
                Scheduling::Realtime(priority) => page.value("vrrp_rt_priority", priority),
                Scheduling::Ordinary => page.value("max_auto_priority", 0),
            }
            page.alone("vrrp_no_swap", *lock_memory);
            page.optional("vmac_addr_prefix", vmac_addr_prefix.as_deref().map(Word));
            page.value("nftables", Word(table));
            page.value("nftables_priority", priority);
            page.alone("set_supplementary_groups", *supplementary_groups);
            lifecycle_script(page, "startup_script", startup_script.as_ref());
            lifecycle_script(page, "shutdown_script", shutdown_script.as_ref());
            mail.print(page);
            fifos.print(page);
            page.alone("rs_init_notifies", *rs_init_notifies);
            lvs.print(page);
            dumps.print(page);
            if let Some(ReloadTimeFile { path, repeat }) = reload_time {
                page.value("reload_time_file", Word(&path.to_string_lossy()));
                page.alone("reload_repeat", *repeat);
            }
        });
    }
}

impl Print for Dumps {
    fn print(&self, page: &mut Page<'_>) {
        let Self { state, json, statistics, use_instance } = self;
        page.value("state_dump_file", Word(&state.to_string_lossy()));
        page.value("json_dump_file", Word(&json.to_string_lossy()));
        page.value("stats_dump_file", Word(&statistics.to_string_lossy()));
        page.alone("data_use_instance", *use_instance);
    }
}

impl Print for GarpGroup {
    fn print(&self, page: &mut Page<'_>) {
        let Self { interfaces, garp_interval, gna_interval } = self;
        page.block("garp_group", |page| {
            page.value("garp_interval", Seconds(*garp_interval));
            page.value("gna_interval", Seconds(*gna_interval));
            page.block("interfaces", |page| {
                for interface in interfaces {
                    page.line(Word(interface));
                }
            });
        });
    }
}
